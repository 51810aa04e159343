package registration

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// document is what a client sent. Members that nobody knows are ignored, and so are those that the server sets, but for the two that an update
// repeats (RFC 7591 §2, RFC 7592 §2.2).
type document struct {
	metadata clients.Metadata
	id       string // client_id; "" when it is not there
	secret   string // client_secret; "" when it is not there
}

// readDocument reads the body of r. Its errors are *problem or *clients.MetadataError.
func readDocument(r *http.Request) (document, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return document{}, &problem{
			Status: http.StatusUnsupportedMediaType, Code: clients.CodeInvalidClientMetadata, Description: "The body must be application/json.",
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if web.TooLarge(err) {
			return document{}, &problem{
				Status: http.StatusRequestEntityTooLarge, Code: clients.CodeInvalidClientMetadata, Description: "The document is larger than 32 KiB.",
			}
		}
		return document{}, badMetadata("The body could not be read.")
	}
	return parseDocument(body)
}

func parseDocument(body []byte) (document, error) {
	var doc document
	if err := doc.metadata.UnmarshalJSON(body); err != nil {
		return document{}, err
	}
	var own struct {
		ID        any             `json:"client_id"`
		Secret    any             `json:"client_secret"`
		Statement json.RawMessage `json:"software_statement"`
	}
	if err := json.Unmarshal(body, &own); err != nil {
		return document{}, badMetadata("The document is not valid JSON.")
	}
	if len(own.Statement) > 0 && string(own.Statement) != "null" {
		return document{}, refuseStatement(own.Statement)
	}
	doc.id, _ = own.ID.(string)
	doc.secret, _ = own.Secret.(string)
	return doc, nil
}

// refuseStatement refuses every software statement: no issuer of them is trusted (RFC 7591 §3.2.2). To ignore one would let its bearer believe
// that it counted.
func refuseStatement(raw json.RawMessage) error {
	var statement string
	if json.Unmarshal(raw, &statement) != nil || strings.Count(statement, ".") != 2 || strings.HasSuffix(statement, ".") {
		return &problem{Status: http.StatusBadRequest, Code: "invalid_software_statement", Description: "The software_statement is not a signed JWT."}
	}
	return &problem{
		Status: http.StatusBadRequest, Code: "unapproved_software_statement", Description: "No issuer of software statements is trusted here. Leave software_statement out.",
	}
}

func badMetadata(description string) error {
	return &problem{Status: http.StatusBadRequest, Code: clients.CodeInvalidClientMetadata, Description: description, Err: errors.New(description)}
}
