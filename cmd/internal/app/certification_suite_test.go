package app_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients/registration"
	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// legacy switches on what the plans beyond the code flow need.
const legacy = "legacy_response_types: true\n"

// suite plays the conformance suite against the built binary. People sign in with "corp", an upstream that proves when they did.
type suite struct {
	*deployment
	ago          *atomic.Int64 // how long ago corp says that people signed in, in seconds
	acr          *atomic.Value // what corp says of how
	responseType string
	formPost     bool
	authMethod   string
	key          *rsa.PrivateKey // of all its clients
	run          *suiteRun
}

// suiteRun is the process of a whole run, which does not end with a module.
type suiteRun struct {
	deployment *deployment
	node       *load.Node
}

func (r *suiteRun) restart() {
	r.deployment.must(r.node.Stop())
	r.node = r.deployment.serve()
}

// newSuite starts the binary with open registration. The hosts of the suite are listed, as an operator who runs it has to: otherwise an error that
// comes before a sign-in waits on a page of ours.
func newSuite(t *testing.T, extra string) *suite {
	t.Helper()
	s := &suite{deployment: newDeployment(t, "http"), ago: &atomic.Int64{}, acr: &atomic.Value{}, responseType: "code", authMethod: "client_secret_basic", key: rsaKey(t, 2048)}
	grants := "authorization_code, refresh_token"
	if strings.Contains(extra, legacy) {
		grants += ", implicit"
	}
	s.writeConfig(storagetest.SQLite(t), s.corporate()+"listen: "+s.address+"\n"+
		"registration: { mode: open, per_hour: 10000, redirect_hosts: [partner.example, 127.0.0.1], require_pkce: false, grant_types: ["+grants+"] }\n"+extra)
	s.run = &suiteRun{s.deployment, s.serve()}
	return s
}

// corporate starts corp, and returns its lines of the configuration.
func (s *suite) corporate() string {
	g := upstreamtest.NewGoogle(upstreamtest.Options{})
	s.must(g.Start("127.0.0.1:0"))
	s.t.Cleanup(func() { g.Close() })
	door := proving(s.t, g)
	g.OnIDToken(func(token upstreamtest.IDToken) string {
		token.Claims["auth_time"] = time.Now().Unix() - s.ago.Load()
		if acr, _ := s.acr.Load().(string); acr != "" {
			token.Claims["acr"] = acr
		}
		return token.Sign()
	})
	c := g.Config("corp", nil)
	return "  - { id: corp, type: oidc, label: Corp, issuer: \"" + c.Issuer + "\", client_id: " + c.ClientID + ", client_secret: " + c.ClientSecret +
		", endpoints: { authorization: \"" + door + "\" }, email_trust: verified, allow_private_network: true }\n"
}

// sub runs a subtest with a copy of the suite that reports to it.
func (s *suite) sub(name string, f func(s *suite)) {
	s.t.Run(name, func(t *testing.T) {
		w, d, own := *s.world, *s.deployment, *s
		w.t, d.world, own.deployment = t, &w, &d
		f(&own)
	})
}

// module runs one module.
func (s *suite) module(id string, f func(s *suite)) {
	s.sub(id, func(s *suite) {
		if f == nil {
			s.t.Fatal("the plan has this module, and there is no test for it")
		}
		s.ago.Store(0)
		s.acr.Store("")
		f(s)
	})
}

// under runs modules with a response type.
func (s *suite) under(responseType string, f func(s *suite)) {
	s.sub(responseType, func(s *suite) {
		s.responseType = responseType
		f(s)
	})
}

// skipped skips a module that the suite skips too, and fails when the suite would not.
func (s *suite) skipped(would bool, why string) {
	s.t.Helper()
	if !would {
		s.t.Fatalf("the suite does not skip this: %s", why)
	}
	s.t.Skip("as the suite does: " + why)
}

// returns reports whether the response type has the word.
func (s *suite) returns(word string) bool { return hasWord(s.responseType, word) }

// discovery returns the metadata.
func (s *suite) discovery() map[string]any {
	s.t.Helper()
	d := s.get("/.well-known/openid-configuration", "")
	d.expect(s.t, http.StatusOK, "")
	return d.body
}

// announces reports whether a list of the metadata has the value.
func (s *suite) announces(member, value string) bool {
	list, _ := s.discovery()[member].([]any)
	for _, v := range list {
		if v == value {
			return true
		}
	}
	return false
}

// relyingParty is a client of the suite with a browser that has a fresh cookie jar.
type relyingParty struct {
	*suite
	id, secret  string
	kid         string // of the key it signs with; may be empty
	redirectURI string
	answer      reply
	browser     *browser
}

// document is what the suite registers, with changes: name, value, …; a nil value takes a member out. The key has no name, as there.
func (s *suite) document(changes ...any) map[string]any {
	grants := []any{}
	if s.returns("code") {
		grants = append(grants, "authorization_code")
	}
	if s.responseType != "code" {
		grants = append(grants, "implicit")
	}
	document := map[string]any{
		"client_name": "conformance " + rand.Text(), "grant_types": grants, "response_types": []any{s.responseType}, "redirect_uris": []any{redirectURI},
		"token_endpoint_auth_method": s.authMethod, "contacts": []any{"certification@oidf.example"}, "jwks": s.jwks(""),
	}
	for i := 0; i+1 < len(changes); i += 2 {
		document[changes[i].(string)] = changes[i+1]
		if changes[i+1] == nil {
			delete(document, changes[i].(string))
		}
	}
	return document
}

// jwks is the public key of the suite's clients.
func (s *suite) jwks(kid string) map[string]any {
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: kid, Use: "sig", Algorithm: "RS256"}}})
	s.must(err)
	var set map[string]any
	s.must(json.Unmarshal(raw, &set))
	return set
}

// registration sends a registration.
func (s *suite) registration(document map[string]any) reply {
	s.t.Helper()
	raw, err := json.Marshal(document)
	s.must(err)
	return s.selfRegister("", string(raw))
}

// register registers a client and looks at the answer; at the end of the module it is deleted again.
func (s *suite) register(changes ...any) *relyingParty {
	s.t.Helper()
	document := s.document(changes...)
	a := s.registration(document)
	if a.status != http.StatusCreated || a.header.Get("Content-Type") != "application/json" || !strings.Contains(a.header.Get("Cache-Control"), "no-store") {
		s.t.Fatalf("register: %d %v %s", a.status, a.header, a.raw)
	}
	for member, value := range document { // OIDC Registration §3.2: everything is given back
		if got := a.body[member]; !reflect.DeepEqual(got, value) {
			s.t.Errorf("%s is %v in the answer, and was %v", member, got, value)
		}
	}
	rp := &relyingParty{suite: s, id: a.text("client_id"), secret: a.text("client_secret"), redirectURI: redirectURI, answer: a, browser: newBrowser(s.t)}
	if _, ok := a.body["client_secret_expires_at"].(float64); (rp.secret != "") != ok || (rp.secret == "") != (s.authMethod == "private_key_jwt") {
		s.t.Errorf("credentials: %s", a.raw)
	}
	uri, token := a.text("registration_client_uri"), a.text("registration_access_token")
	if !strings.HasPrefix(uri, s.issuer+registration.Path+"/") || token == "" {
		s.t.Errorf("client configuration: %s", a.raw)
	}
	s.t.Cleanup(func() {
		if r := s.ask("DELETE", uri, token, ""); r.status != http.StatusNoContent {
			s.t.Errorf("unregister: %d %s", r.status, r.raw)
		}
	})
	return rp
}

// request is the authorization request of most modules, with changes: name, value, …; an empty value takes a parameter out. There is no PKCE.
func (rp *relyingParty) request(changes ...string) url.Values {
	q := url.Values{
		"client_id": {rp.id}, "redirect_uri": {rp.redirectURI}, "scope": {"openid"}, "state": {rand.Text()[:10]}, "nonce": {rand.Text()[:10]},
		"response_type": {rp.responseType},
	}
	if rp.formPost {
		q.Set("response_mode", "form_post")
	}
	return changed(q, changes...)
}

// changed returns q with changes: name, value, …; an empty value takes a parameter out.
func changed(q url.Values, changes ...string) url.Values {
	q = merged(q, changes...)
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}

// visit opens the authorization endpoint.
func (rp *relyingParty) visit(q url.Values) *page {
	rp.t.Helper()
	rp.browser.stopAt = rp.redirectURI
	return rp.browser.open(rp.issuer + "/oauth2/authorize?" + q.Encode())
}

// pages goes through the pages, if there are any, to where the answer is. shown says whether the log-in was among them.
func (rp *relyingParty) pages(pg *page) (end *page, shown bool) {
	rp.t.Helper()
	for range 6 {
		switch {
		case pg.location != "" || pg.has("continue"):
			return pg, shown
		case pg.has("login-corp"):
			pg, shown = pg.press("login-corp"), true
		case pg.has("person-ada"):
			pg = pg.press("person-ada")
		case pg.has("consent-allow"):
			pg = pg.press("consent-allow")
		default:
			rp.t.Fatalf("stuck at %s (%d):\n%s", pg.url, pg.status, pg.body)
		}
	}
	rp.t.Fatal("the pages do not end")
	return nil, false
}

// listener is a server of the suite itself.
func (s *suite) listener(h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	s.t.Cleanup(server.Close)
	return server.URL
}
