package provider

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/web"
)

// FuzzForgedTokens is TK-11: refresh tokens, device codes, opaque access tokens, interactions and log-outs are what we made, in the one spelling that we gave
// them, or they are nothing. Interactions are for the browser that started them.
func FuzzForgedTokens(f *testing.F) {
	p := bareProvider(f)
	cookie := strings.Repeat("A", 22)
	device := deviceCodePrefix + strings.Repeat("A", base64.RawURLEncoding.EncodedLen(deviceCodeBytes))
	ours, err := p.sealAccessToken(accessClaims{ExpiresAt: time.Now().Add(time.Hour).Unix()})
	if err != nil {
		f.Fatal(err)
	}
	refresh := p.refreshToken(base64.RawURLEncoding.EncodeToString(make([]byte, 16)), 3)
	for _, text := range []string{"", refreshPrefix, refresh, refresh + "=", refresh + "\n", refresh[:len(refresh)-1] + "_", device, device[1:], device + "A", ours, ours[:len(ours)-1], "sym_xx_" + refresh, strings.ToUpper(refresh), "AAAA.AAAA.AAAA"} {
		f.Add(text, make([]byte, 16), int64(3), browserCookie+"="+cookie)
	}
	f.Add("", []byte("sixteen bytes .."), int64(1)<<62, browserCookie+"="+cookie+"; "+browserCookie+"="+cookie)
	f.Fuzz(func(t *testing.T, text string, id []byte, generation int64, cookies string) {
		id = append(bytes.Clone(id), make([]byte, 16)...)[:16]
		generation &= 1<<63 - 1
		grant := base64.RawURLEncoding.EncodeToString(id)
		token := p.refreshToken(grant, generation)
		if gotGrant, gotGeneration, ok := p.parseRefreshToken(token); !ok || gotGrant != grant || gotGeneration != generation {
			t.Fatalf("%q, %d became %q, %d, %v", grant, generation, gotGrant, gotGeneration, ok)
		}
		if gotGrant, gotGeneration, ok := p.parseRefreshToken(text); ok && p.refreshToken(gotGrant, gotGeneration) != text {
			t.Fatalf("%q is a refresh token", text)
		}
		if raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, deviceCodePrefix)); deviceHash(text) != nil && (err != nil || deviceCodePrefix+base64.RawURLEncoding.EncodeToString(raw) != text) {
			t.Fatalf("%q is a device code", text)
		}
		if payload, err := p.accessTokenPayload(t.Context(), opaquePrefix+text); !errors.Is(err, keys.ErrToken) {
			t.Fatalf("%q opens: %s, %v", text, payload, err)
		}
		r := &http.Request{Header: http.Header{"Cookie": {cookies}}}
		var page *web.PageError
		if _, err := p.openInteraction(text, r); !errors.As(err, &page) || page.Kind != web.PageLinkInvalid {
			t.Fatalf("%q: %v", text, err)
		}
		if _, err := p.openLogout(text); !errors.As(err, &page) {
			t.Fatalf("%q: %v", text, err)
		}
		sealed := p.sealInteraction(sealedInteraction{Browser: p.BrowserHash(&http.Request{Header: http.Header{"Cookie": {browserCookie + "=" + cookie}}}), FirstSeenAt: time.Now().UnixMilli()})
		_, err := p.openInteraction(sealed, r)
		theirs := r.CookiesNamed(browserCookie)
		if same := len(theirs) == 1 && theirs[0].Value == cookie; same != (err == nil) {
			t.Fatalf("%q opens the interaction of %q: %v", cookies, cookie, err)
		}
	})
}
