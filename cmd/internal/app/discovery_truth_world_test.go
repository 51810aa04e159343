package app_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// disclosure is a node with the document that it serves, and a person who is signed in there.
type disclosure struct {
	*world
	doc       map[string]any
	browser   *browser
	partner   *partner // the operator's own, for whatever is offered
	keys      *keyRing
	authority *identity // of certificates
	corp      *asserter // the upstream where the person signed in, as an issuer of assertions
	door      string    // where browsers go to sign in there
}

// newDisclosure starts a node with an upstream, corp, that knows every claim of minji.
func newDisclosure(t *testing.T, configure func(*disclosure) string) *disclosure {
	t.Helper()
	g := upstreamtest.NewGoogle(upstreamtest.Options{})
	if err := g.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	door := proving(t, g)
	g.OnIDToken(func(token upstreamtest.IDToken) string {
		token.Claims["auth_time"], token.Claims["acr"], token.Claims["amr"] = time.Now().Unix(), "phr", []string{"hwk"}
		return token.Sign()
	})
	c, ring := g.Config("corp", nil), newKeyRing(t)
	d := &disclosure{world: &world{t: t}, keys: ring, authority: newAuthority(t, nil), door: door}
	d.corp = &asserter{id: c.Issuer, alg: "ES256", key: ring.p256, kid: "k1"}
	d.world = newWorld(t, storagetest.SQLite(t), "  - { id: corp, type: oidc, label: Corp, issuer: \""+c.Issuer+"\", client_id: "+c.ClientID+", client_secret: "+c.ClientSecret+
		", endpoints: { authorization: \""+door+"\" }, email_trust: verified, allow_private_network: true }\n"+configure(d))
	d.corp.w = d.world
	first, second := d.get("/.well-known/openid-configuration", ""), d.get("/.well-known/oauth-authorization-server", "")
	if first.raw != second.raw || first.status != 200 || first.header.Get("Content-Type") != "application/json" || second.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s\n%s", first.status, first.header, first.raw, second.raw)
	}
	d.doc = first.body
	d.partner = d.newOwn()
	d.browser = d.signedIn()
	return d
}

// newOwn registers the operator's own client, for all response types that can be had.
func (d *disclosure) newOwn() *partner {
	d.t.Helper()
	if p, ok := d.may(`"grant_types":["authorization_code","refresh_token","client_credentials","implicit","`+deviceCodeGrant+`"]`,
		`"response_types":["code","id_token","id_token token","code id_token","code token","code id_token token"]`); ok {
		return p
	}
	return d.own(`"grant_types":["authorization_code","refresh_token","client_credentials","` + deviceCodeGrant + `"]`)
}

// test runs a check with copies of everything that reports to its own test.
func (d *disclosure) test(name string, f func(d *disclosure)) {
	d.world.test(name, func(t *testing.T, w *world) {
		own, p, b, corp := *d, *d.partner, *d.browser, *d.corp
		own.world, own.partner, own.browser, own.corp = w, &p, &b, &corp
		p.w, b.t, corp.w = w, t, w
		f(&own)
	})
}

// own registers a client that nobody is asked for. Members are added to its metadata: `"name":value`.
func (d *disclosure) own(members ...string) *partner {
	d.t.Helper()
	p, ok := d.may(members...)
	if !ok {
		d.t.Fatalf("not registered: %v", members)
	}
	return p
}

// may is own for metadata that may be refused. Where anybody may register, it is refused there too.
func (d *disclosure) may(members ...string) (*partner, bool) {
	d.t.Helper()
	p, ok := d.administratorMay(members...)
	if !ok && d.config.Registration.Mode == "open" {
		d.selfRegister("", `{"redirect_uris":["`+redirectURI+`"],`+strings.Join(members, ",")+"}").expect(d.t, 400, "invalid_client_metadata")
	}
	return p, ok
}

// administratorMay is may without a look at what others may register: for what they are let off silently.
func (d *disclosure) administratorMay(members ...string) (*partner, bool) {
	d.t.Helper()
	id, secret, err := d.register(`{"client_name":"Truth","skip_consent":true,"redirect_uris":["` + redirectURI + `"],` + strings.Join(members, ",") + "}")
	if err == nil {
		return d.as(id, secret), true
	}
	if invalid := (&clients.MetadataError{}); !errors.As(err, &invalid) {
		d.t.Fatal(err)
	}
	return nil, false
}

// decode reads JSON.
func (d *disclosure) decode(raw []byte, into any) {
	d.t.Helper()
	d.must(json.Unmarshal(raw, into))
}

// signedIn returns a browser in which minji has signed in at corp.
func (d *disclosure) signedIn() *browser {
	d.t.Helper()
	b := newBrowser(d.t)
	pg := d.ask(d.partner, b).page.press("login-corp").press("person-minji")
	if d.answer(pg).Get("code") == "" {
		d.t.Fatalf("no code: %d %s\n%s", pg.status, pg.location, pg.body)
	}
	return b
}

// outcome is how an authorization request ended.
type outcome struct {
	url.Values        // what came to the client; the error alone where the request was refused when it was pushed
	page       *page  // where the browser is
	carrier    string // query, fragment or form_post; empty where nothing came
	response   string // the JWT that the values were in, if any
}

// ask brings an authorization request in the way that the node wants it, pushed or not.
func (d *disclosure) ask(p *partner, b *browser, overrides ...string) outcome {
	d.t.Helper()
	b.stopAt = redirectURI
	if d.doc["require_pushed_authorization_requests"] != true {
		return d.answer(b.open(p.url(overrides...)))
	}
	r := p.push(overrides...)
	if r.status != 201 {
		return outcome{Values: url.Values{"error": {r.text("error")}}, page: &page{b: b, status: r.status, url: &url.URL{Path: "/oauth2/par"}, header: r.header, body: r.raw}}
	}
	return d.answer(p.take(b, r.text("request_uri")))
}

// answer reads what came to the client, out of a JWT of ours too.
func (d *disclosure) answer(pg *page) outcome {
	d.t.Helper()
	a := outcome{Values: url.Values{}, page: pg}
	switch {
	case strings.HasPrefix(pg.location, redirectURI):
		u, err := url.Parse(pg.location)
		d.must(err)
		text := u.RawQuery
		if a.carrier = "query"; u.Fragment != "" {
			a.carrier, text = "fragment", text+u.EscapedFragment() // both at once do not parse as anything good
		}
		a.Values, err = url.ParseQuery(text)
		d.must(err)
	case pg.has("continue"):
		a.carrier, a.Values = "form_post", fieldsOf(d.t, pg.body)
	}
	if a.response = a.Get("response"); strings.Count(a.response, ".") == 2 {
		var claims map[string]any
		d.decode(d.verified(a.response), &claims)
		for name, value := range claims {
			if text, ok := value.(string); ok {
				a.Set(name, text)
			}
		}
	}
	return a
}

// tokens has the signed-in person come back to the client with a code, and redeems it.
func (d *disclosure) tokens(p *partner, overrides ...string) reply {
	d.t.Helper()
	a := d.ask(p, d.browser, overrides...)
	r := p.redeem(a.Get("code"))
	if r.status != 200 {
		d.t.Fatalf("%v: redeem: %d %s", a.Values, r.status, r.raw)
	}
	return r
}
