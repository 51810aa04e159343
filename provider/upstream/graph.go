package upstream

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/symbolon-id/symbolon/provider/account"
)

// appSecretProof is the hexadecimal HMAC-SHA256 of the access token under the app secret.
func appSecretProof(accessToken, appSecret string) string {
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write([]byte(accessToken))
	return hex.EncodeToString(mac.Sum(nil))
}

// graphPerson is Graph's /me.
type graphPerson struct {
	id        string
	name      string
	firstName string
	lastName  string
	email     string // missing for accounts with a telephone number only, or when declined
	picture   string // empty for the silhouette
}

// parseGraphPerson reads /me by exact names. The id is text and stays text: it is larger than a float64 holds.
func parseGraphPerson(body []byte) (graphPerson, error) {
	c, err := parseClaims(body)
	if err != nil {
		return graphPerson{}, fmt.Errorf("%w: answer is not a JSON object", ErrUnavailable)
	}
	if c.has("error") {
		return graphPerson{}, graphError(200, body)
	}
	text := func(name string) string { s, _ := c.text(name); return s }
	p := graphPerson{
		id: text("id"), name: text("name"), firstName: text("first_name"), lastName: text("last_name"), email: text("email"),
	}
	if !isSubject(p.id) { // an opaque string, though today's have seventeen or so digits
		return graphPerson{}, fmt.Errorf("%w: id", ErrProtocol)
	}
	var picture struct {
		Data struct {
			URL          string `json:"url"`
			IsSilhouette bool   `json:"is_silhouette"`
		} `json:"data"`
	}
	if json.Unmarshal(c["picture"], &picture) == nil && !picture.Data.IsSilhouette {
		p.picture = picture.Data.URL
	}
	return p, nil
}

// proof puts Facebook's person into our words. Facebook says nothing about whether an address was proven.
func (p graphPerson) proof(connector, appID string, allowLoopbackHTTP bool) account.Proof {
	return account.Proof{
		Connector:  connector,
		Issuer:     FacebookIssuer,
		Subject:    p.id,
		Audience:   appID,
		Email:      cleanEmail(p.email),
		EmailTrust: account.EmailUnverified,
		Name:       cleanName(p.name),
		GivenName:  cleanName(p.firstName),
		FamilyName: cleanName(p.lastName),
		Picture:    cleanPicture(p.picture, allowLoopbackHTTP),
	}
}

// graphError gives Graph's error object its meaning. Its message is not kept: it may quote the token.
func graphError(status int, body []byte) error {
	var answer struct {
		Error struct {
			Message string `json:"message"`
			Code    int    `json:"code"`
			Subcode int    `json:"error_subcode"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error.Code == 0 {
		return fmt.Errorf("%w: status %d, not a Graph error", ErrUnavailable, status)
	}
	e := answer.Error
	kind := graphKind(e.Code, e.Subcode)
	// A wrong app secret shares its code with transient faults.
	if e.Code == 1 && strings.HasPrefix(e.Message, "Error validating client secret") {
		kind = ErrMisconfigured
	}
	return fmt.Errorf("%w: status %d, Graph error %d/%d", kind, status, e.Code, e.Subcode)
}

func graphKind(code, subcode int) error {
	switch code {
	case 1, 2, 4, 17, 32, 341, 613: // a transient fault, or a limit of the app or the person
		return ErrUnavailable
	case 10, 101, 191, 200: // the app, its permissions or its redirect URI
		return ErrMisconfigured
	case 100:
		switch subcode {
		case 36007, 36009: // the code has expired, or was used
			return ErrProtocol
		case 36008: // the redirect URI is not the one of the dialog
			return ErrMisconfigured
		}
	}
	return ErrProtocol // 190: the token is not valid; and whatever we do not know
}

// dialogError reads the answers of the dialog that RFC 6749 does not know: error_code without error, when Facebook refuses the app.
func dialogError(q url.Values) error {
	if q.Get("error") != "" || q.Get("code") != "" || q.Get("error_code") == "" {
		return nil
	}
	code, err := strconv.Atoi(q.Get("error_code"))
	if err != nil {
		return fmt.Errorf("%w: callback error_code", ErrProtocol)
	}
	return fmt.Errorf("%w: callback error_code %d", graphKind(code, 0), code)
}
