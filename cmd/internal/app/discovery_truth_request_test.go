package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-jose/go-jose/v4"
)

// checkRequestParameter: RFC 9101 §5.1, §6. A node that wants everything pushed takes the object there.
func checkRequestParameter(d *disclosure, member string) {
	r := d.requester("ES256", d.keys.p256, `"skip_consent":true`)
	pushed := r.deliver(r.object("state", "pushed"))
	seen := pushed.status == 201 && d.answer(r.take(d.browser, pushed.text("request_uri"))).Get("state") == "pushed"
	if d.doc["require_pushed_authorization_requests"] != true {
		if front := d.answer(r.bring(d.browser, r.object("state", "signed"))); (front.Get("state") == "signed" && front.Get("code") != "") != seen {
			d.t.Errorf("pushed: %t, in front: %v", seen, front.Values)
		}
	}
	d.same(member, seen)
}

// byReference asks with the address of a request object that the client keeps, registered or not.
func (d *disclosure) byReference(registered bool) outcome {
	d.t.Helper()
	var object string
	host := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, object) }))
	d.t.Cleanup(host.Close)
	uris := `"request_uris":["` + host.URL + `/r"]`
	if !registered {
		uris = `"request_uris":["` + host.URL + `/other"]`
	}
	r := d.requester("ES256", d.keys.p256, `"skip_consent":true`, uris)
	object = r.object()
	return d.answer(r.partner.ask(d.browser, "request_uri", host.URL+"/r"))
}

func checkRequestURI(d *disclosure, member string) {
	a := d.byReference(true)
	if a.Get("code") == "" {
		a.expect(d, "request_uri_not_supported")
	}
	d.same(member, a.Get("code") != "")
}

// checkRequestURIRegistration: OIDC Discovery §3. Left out where no address is taken at all.
func checkRequestURIRegistration(d *disclosure, member string) {
	a := d.byReference(false)
	if a.Get("code") != "" {
		d.t.Errorf("an address that is not registered: %v", a.Values)
	}
	d.same(member, d.doc["request_uri_parameter_supported"] == true && a.Get("error") == "invalid_request_uri")
}

// silenceChecks are those of members that the registry of RFC 8414 §7.1 has and we never announce: what their absence means is what happens.
func silenceChecks() map[string]discoveryCheck {
	encrypted := func(d *disclosure, _ string) { // none is supported
		r := d.requester("ES256", d.keys.p256, `"skip_consent":true`)
		recipient := jose.Recipient{Algorithm: jose.ECDH_ES, Key: d.publishedKey("ES256")}
		encrypter, err := jose.NewEncrypter(jose.A128CBC_HS256, recipient, (&jose.EncrypterOptions{}).WithContentType("JWT"))
		d.must(err)
		jwe, err := encrypter.Encrypt([]byte(r.object()))
		d.must(err)
		object, err := jwe.CompactSerialize()
		d.must(err)
		r.deliver(object).expect(d.t, 400, "invalid_request_object")
	}
	return map[string]discoveryCheck{
		"request_object_encryption_alg_values_supported": encrypted,
		"request_object_encryption_enc_values_supported": encrypted,
		"require_signed_request_object": func(d *disclosure, _ string) { // RFC 9101 §10.5: false
			if a := d.ask(d.partner, d.browser); a.Get("code") == "" {
				d.t.Errorf("%v", a.Values)
			}
		},
		"claim_types_supported": func(d *disclosure, _ string) { // OIDC Discovery §3: normal
			r := d.tokens(d.partner)
			for what, claims := range map[string]map[string]any{"ID token": readJWT(d.t, r.text("id_token")).claims, "userinfo": d.get("/oauth2/userinfo", r.text("access_token")).body} {
				if claims["sub"] == nil || claims["_claim_names"] != nil || claims["_claim_sources"] != nil {
					d.t.Errorf("%s: %v", what, claims)
				}
			}
		},
	}
}

// publishedKey returns the node's public key for an algorithm.
func (d *disclosure) publishedKey(alg string) any {
	d.t.Helper()
	var set jose.JSONWebKeySet
	d.decode([]byte(d.get("/oauth2/jwks", "").raw), &set)
	for _, key := range set.Keys {
		if key.Algorithm == alg {
			return key.Key
		}
	}
	d.t.Fatalf("no key for %s", alg)
	return nil
}
