package clients

import (
	"encoding/json"
	"errors"
	"mime"
	"strings"
)

// isDocumentURL says whether a client id is the address of a metadata document: https, with a path, without user, dot segments and fragment
// (Client ID Metadata Document §3). Where the draft leaves a choice, there is no query, and no port but 443; loopback also
// allows http and every port, on a developer's machine.
func isDocumentURL(id string, loopback bool) bool {
	if !strings.HasPrefix(id, "https://") && !(loopback && strings.HasPrefix(id, "http://")) {
		return false
	}
	u, reason := splitURI(id)
	if reason != "" || u.path == "" || strings.Contains(id, "?") || u.authority != strings.ToLower(u.authority) {
		return false
	}
	host, port, ok := splitHostPort(u.authority)
	if !ok {
		return false
	}
	if loopback && isLoopback(host) {
		return true
	}
	addr, reason := parseHost(host)
	return reason == "" && !addr.IsValid() && strings.Contains(host, ".") && u.scheme == "https" && (port == "" || port == "443")
}

// errDocument begins the errors of documents that are there and wrong.
var errDocument = errors.New("the client ID metadata document is not valid")

// parseDocument reads the document that was found at url (Client ID Metadata Document §4). Members that only administrators
// set are left out: the document is written for many servers. The metadata is otherwise as the client wrote it: a Policy prepares it, and Validate
// refuses private keys in it.
func parseDocument(url string, data []byte) (Metadata, error) {
	raw, reason := parseObject(data)
	if reason != "" {
		return Metadata{}, documentError(reason)
	}
	id := ""
	for _, member := range raw {
		switch member.name {
		case "client_id":
			_ = json.Unmarshal(member.value, &id) // what is no text is not the address either
		case "client_secret", "client_secret_expires_at":
			return Metadata{}, documentError("it has " + member.name + ": there is no way to share a secret")
		}
	}
	if id != url {
		return Metadata{}, documentError("its client_id is not the address that it was found at")
	}
	var m Metadata
	if err := m.merge(data, false); err != nil {
		return Metadata{}, errors.Join(errDocument, err)
	}
	m.dropPrivileges()
	switch {
	// RFC 7591 §2 has client_secret_basic as the default, which a document cannot have.
	case m.TokenEndpointAuthMethod == "":
		m.TokenEndpointAuthMethod = AuthMethodNone
	case strings.HasPrefix(m.TokenEndpointAuthMethod, "client_secret_"):
		return Metadata{}, documentError("its token_endpoint_auth_method needs a shared secret")
	}
	return m, nil
}

func documentError(reason string) error { return errors.Join(errDocument, errors.New(reason)) }

// isJSON accepts application/json and application/…+json.
func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"))
}
