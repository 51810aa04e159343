package registration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/symbolon-id/symbolon/clients"
)

func policy() clients.Policy {
	return clients.Policy{Scopes: []string{"openid", "profile", "email", "offline_access"}, GrantTypes: []string{"authorization_code", "refresh_token"}}
}

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, v4, v6 := newLimiter(5), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
		for i := range 5 {
			if !l.open(v6) || !l.take(v6) || !l.take(v4) {
				t.Fatalf("try %d is refused", i+1)
			}
		}
		for _, from := range []string{"2001:db8::1", "2001:db8::ffff:ffff", "192.0.2.1", "::ffff:192.0.2.1"} {
			if a := netip.MustParseAddr(from); l.take(a) || l.open(a) {
				t.Errorf("DR-01: %s has a sixth try", from)
			}
		}
		for _, from := range []string{"2001:db8:0:1::1", "192.0.2.2"} {
			if !l.take(netip.MustParseAddr(from)) {
				t.Errorf("%s pays for others", from)
			}
		}
		time.Sleep(12 * time.Minute)
		if !l.take(v4) || l.take(v4) {
			t.Error("after a fifth of an hour there is not one try")
		}
	})
}

func TestLimitMemory(t *testing.T) {
	l := newLimiter(5)
	for i := range 3 * maxAddresses {
		l.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if n := len(l.buckets); n > maxAddresses {
		t.Errorf("%d addresses are remembered", n)
	}
}

func TestTokens(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token, hash := newToken(accessPrefix)
		if len(token) != len(accessPrefix)+43 || seen[token] || string(hash) == token || len(hash) != 32 {
			t.Fatalf("token %q", token)
		}
		seen[token] = true
	}
}

func TestSoftwareStatement(t *testing.T) {
	for name, test := range map[string]struct{ statement, code string }{
		"DR-05: unsigned":          {`"eyJhbGciOiJub25lIn0.e30."`, "invalid_software_statement"},
		"DR-05: no JWT":            {`"x"`, "invalid_software_statement"},
		"DR-05: no text":           {`{}`, "invalid_software_statement"},
		"DR-05: an unknown issuer": {`"eyJhbGciOiJSUzI1NiJ9.e30.c2ln"`, "unapproved_software_statement"},
		"null is none":             {`null`, ""},
	} {
		_, err := parseDocument([]byte(`{"redirect_uris":["https://app.example/cb"],"software_statement":` + test.statement + `}`))
		var p *problem
		if test.code == "" && err != nil || test.code != "" && (!errors.As(err, &p) || p.Code != test.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRegistrationDocument(f *testing.F) {
	f.Add(`{"redirect_uris":["https://app.example/cb"],"client_name":"App","client_name#ko":"앱"}`)
	f.Add(`{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","x"]}`)
	f.Add(`{"client_id":"x","client_secret":1,"software_statement":"a.b.c"}`)
	f.Add(`{"redirect_uris":["https://app.example/cb","https://app.example/cb#x"],"scope":"openid symbolon:admin"}`)
	f.Add(`{"redirect_uris":["https://app.example/cb"],"default_max_age":1e3,"contacts":[]}`)
	f.Fuzz(func(t *testing.T, body string) {
		doc, err := parseDocument([]byte(body))
		if err == nil {
			err = policy().Prepare(&doc.metadata)
		}
		if err != nil {
			p := asProblem(err)
			if p.Status != 400 || p.Code == "" || strings.ContainsFunc(ascii(p.Description), func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%q is answered %d %s %q", body, p.Status, p.Code, p.Description)
			}
			return
		}
		c, _ := clients.NewSelfRegistered(doc.metadata, time.Now())
		answer, err := json.Marshal((&Endpoint{Config: Config{Issuer: "https://id.example"}}).information(c, "s", "t"))
		if err != nil {
			t.Fatal(err)
		}
		// Sent back as an update, the answer is the same registration again.
		again, err := parseDocument(answer)
		if err != nil {
			t.Fatalf("%s: %v", answer, err)
		}
		if err := policy().Prepare(&again.metadata); err != nil || fmt.Sprint(again.metadata.RedirectURIs) != fmt.Sprint(c.Metadata.RedirectURIs) {
			t.Errorf("%s: %v", answer, err)
		}
		if again.id != c.ID || !c.SelfRegistered || c.Metadata.SkipConsent {
			t.Errorf("client %+v", c)
		}
	})
}
