package app_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// bit fetches the status list that a token names, as a partner does, and returns the token's bit.
func (w *world) bit(token string) byte {
	w.t.Helper()
	uri, index := statusOf(w.t, token)
	if !strings.HasPrefix(uri, w.issuer+"/oauth2/status/") {
		w.t.Fatalf("status list at %q", uri)
	}
	r, err := http.NewRequest("GET", uri, nil)
	w.must(err)
	r.Header.Set("Accept", "application/statuslist+jwt")
	got := w.send(r)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/statuslist+jwt" || got.header.Get("Access-Control-Allow-Origin") != "*" {
		w.t.Fatalf("status list: %d %v %s", got.status, got.header, got.raw)
	}
	var list struct {
		Sub        string
		TTL        int64
		StatusList struct {
			Bits int
			Lst  string
		} `json:"status_list"`
	}
	w.must(json.Unmarshal(w.verified(got.raw), &list))
	if list.Sub != uri || list.TTL <= 0 || list.StatusList.Bits != 1 {
		w.t.Fatalf("status list claims: %+v", list)
	}
	compressed, err := base64.RawURLEncoding.DecodeString(list.StatusList.Lst)
	w.must(err)
	z, err := zlib.NewReader(bytes.NewReader(compressed))
	w.must(err)
	bits, err := io.ReadAll(z)
	w.must(err)
	return bits[index/8] >> (index % 8) & 1
}

// verified checks the signature of a JWT with the published keys and returns its payload.
func (w *world) verified(token string) []byte {
	w.t.Helper()
	payload, err := oidc.NewRemoteKeySet(w.t.Context(), w.issuer+"/oauth2/jwks").VerifySignature(w.t.Context(), token)
	w.must(err)
	return payload
}

func statusOf(t *testing.T, token string) (uri string, index int64) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Status struct {
			StatusList struct {
				Idx int64
				URI string
			} `json:"status_list"`
		}
	}
	if err := json.Unmarshal(payload, &c); err != nil || c.Status.StatusList.URI == "" {
		t.Fatalf("no status in %s", payload)
	}
	return c.Status.StatusList.URI, c.Status.StatusList.Idx
}

// eventuallyRevoked waits for the bit: this node may serve what it knew for a second.
func (w *world) eventuallyRevoked(token string) {
	w.t.Helper()
	for range 30 {
		if w.bit(token) == 1 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Error("the status list does not say that the token is revoked")
}

// Token Status List §8: log-out, ban, revocation and reuse reach tokens that partners verify by themselves.
func TestRevocationReachesTheStatusList(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		for name, revoke := range map[string]func(b *browser, tokens reply){
			"RFC 7009: revocation": func(_ *browser, tokens reply) { p.post("/oauth2/revoke", "token", tokens.text("access_token")) },
			"log-out":              func(b *browser, _ reply) { b.open(w.issuer + "/logout").press("logout-confirm") },
			"refresh token reuse":  func(_ *browser, tokens reply) { w.reuse(p, tokens.text("refresh_token")) },
			"an administrator's ban": func(_ *browser, tokens reply) {
				w.must(w.stores.DB.Block(t.Context(), subjectOf(t, tokens), time.Now()))
			},
		} {
			b := newBrowser(t)
			tokens := p.tokens(b, "ada")
			access := tokens.text("access_token")
			if w.bit(access) != 0 {
				t.Errorf("%s: the bit is set before", name)
			}
			revoke(b, tokens)
			w.eventuallyRevoked(access)
			if answer := p.post("/oauth2/introspect", "token", access); answer.body["active"] != false {
				t.Errorf("%s: introspection: %s", name, answer.raw)
			}
			_ = w.stores.DB.Unblock(t.Context(), subjectOf(t, tokens))
		}
	})
}

// reuse presents a refresh token that has been replaced twice.
func (w *world) reuse(p *partner, first string) {
	second := p.refresh(first).text("refresh_token")
	p.refresh(second)
	p.refresh(first).expect(w.t, http.StatusBadRequest, "invalid_grant")
}

func subjectOf(t *testing.T, tokens reply) string {
	t.Helper()
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(tokens.text("access_token"), ".")[1])
	var c struct{ Sub string }
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c.Sub
}

// A client-credentials token has no grant; its bit is its own.
func TestClientTokenIsRevokedAlone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.partner(`{"client_name":"Robot","grant_types":["client_credentials"],"scope":"read"}`)
		one := p.post("/oauth2/token", "grant_type", "client_credentials").text("access_token")
		other := p.post("/oauth2/token", "grant_type", "client_credentials").text("access_token")
		if w.bit(one) != 0 || w.bit(other) != 0 {
			t.Error("a bit is set from the start")
		}
		p.post("/oauth2/revoke", "token", one)
		w.eventuallyRevoked(one)
		if w.bit(other) != 0 {
			t.Error("the other token's bit is set")
		}
		if p.post("/oauth2/introspect", "token", one).body["active"] != false || p.post("/oauth2/introspect", "token", other).body["active"] != true {
			t.Error("introspection disagrees")
		}
	})
}

func TestStatusListIsCacheable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "")
	p := w.partner(`{"client_name":"Robot","grant_types":["client_credentials"],"scope":"read"}`)
	uri, _ := statusOf(t, p.post("/oauth2/token", "grant_type", "client_credentials").text("access_token"))
	path := strings.TrimPrefix(uri, w.issuer)
	first := w.get(path, "")
	if !strings.HasPrefix(first.header.Get("Cache-Control"), "public, max-age=") || first.header.Get("ETag") == "" {
		t.Errorf("headers: %v", first.header)
	}
	r, err := http.NewRequest("GET", uri, nil)
	w.must(err)
	r.Header.Set("If-None-Match", first.header.Get("ETag"))
	if again := w.send(r); again.status != http.StatusNotModified || again.raw != "" {
		t.Errorf("If-None-Match: %d", again.status)
	}
	for _, path := range []string{"/oauth2/status/999", "/oauth2/status/0", "/oauth2/status/-1", "/oauth2/status/x", "/oauth2/status/99999999999999999999"} {
		if got := w.get(path, ""); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

// Token Status List §9: the metadata leads to all lists.
func TestStatusListsAreAnnounced(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		uri, _ := statusOf(t, p.tokens(newBrowser(t), "ada").text("access_token"))
		endpoint := w.get("/.well-known/openid-configuration", "").text("status_list_aggregation_endpoint")
		path, ours := strings.CutPrefix(endpoint, w.issuer)
		if !ours {
			t.Fatalf("announced: %q", endpoint)
		}
		r := w.get(path, "")
		var all struct {
			Lists []string `json:"status_lists"`
		}
		w.must(json.Unmarshal([]byte(r.raw), &all))
		if !slices.Contains(all.Lists, uri) || r.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%v does not name %s", all.Lists, uri)
		}
	})
}
