package app_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
)

// authenticated are the endpoints where a client proves who it is, each with a form that is right but for that.
func authenticated() map[string]url.Values {
	return map[string]url.Values{
		"/oauth2/token": {"grant_type": {"client_credentials"}}, "/oauth2/introspect": {"token": {"x"}}, "/oauth2/revoke": {"token": {"x"}},
	}
}

// merged returns form with pairs put over it.
func merged(form url.Values, pairs ...string) url.Values {
	own := url.Values{}
	for name, values := range form {
		own[name] = values
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		own.Set(pairs[i], pairs[i+1])
	}
	return own
}

// machine registers a client that authenticates by the method.
func (w *world) machine(method string) *partner {
	w.t.Helper()
	grants := `["client_credentials"]`
	if method == "none" {
		grants = `["authorization_code","refresh_token"]`
	}
	return w.partner(`{"client_name":"Machine","grant_types":` + grants + `,"redirect_uris":["` + redirectURI + `"],"scope":"openid reports:read","token_endpoint_auth_method":"` + method + `"}`)
}

// basic sends a form with an Authorization header as it is written.
func (w *world) basic(path string, form url.Values, headers ...string) reply {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.issuer+path, strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header["Authorization"] = headers
	return w.send(r)
}

// CA-01: the registered method, and no other, at every endpoint alike.
func TestClientAuthenticationMethod(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		basic, post, none := w.machine("client_secret_basic"), w.machine("client_secret_post"), w.machine("none")
		for path, form := range authenticated() {
			okBasic := w.post(path, form, basic.id, basic.secret)
			okPost := w.post(path, merged(form, "client_id", post.id, "client_secret", post.secret), "", "")
			if okBasic.status != 200 || okPost.status != 200 {
				t.Errorf("%s: %d %s, %d %s", path, okBasic.status, okBasic.raw, okPost.status, okPost.raw)
			}
			for name, r := range map[string]reply{
				"basic client posts":               w.post(path, merged(form, "client_id", basic.id, "client_secret", basic.secret), "", ""),
				"post client uses Basic":           w.post(path, form, post.id, post.secret),
				"basic client sends nothing":       w.post(path, merged(form, "client_id", basic.id), "", ""),
				"post client sends nothing":        w.post(path, merged(form, "client_id", post.id), "", ""),
				"public client sends a secret":     w.post(path, merged(form, "client_id", none.id, "client_secret", basic.secret), "", ""),
				"public client uses Basic":         w.post(path, form, none.id, basic.secret),
				"public client uses an empty one":  w.post(path, form, none.id, ""),
				"public client posts an empty one": w.post(path, merged(form, "client_id", none.id, "client_secret", ""), "", ""),
				"nobody":                           w.post(path, form, "", ""),
				"an assertion":                     w.post(path, merged(form, "client_id", basic.id, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", encodeJWT(`{"alg":"none"}`, `{"sub":"`+basic.id+`"}`, nil)), "", ""),
			} {
				r.expect(t, 401, "invalid_client")
				if t.Failed() {
					t.Fatalf("%s: %s", path, name)
				}
			}
		}
	})
}

// CA-03, CA-04: a secret is compared whole, and an empty or missing one is never right.
func TestClientSecretWholeAndNotEmpty(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.machine("client_secret_basic")
		m, err := clients.DecodeMetadata([]byte(machineClient))
		w.must(err)
		// A client that was switched from public has no secret until one is made.
		bare := w.machine("none")
		_, err = w.clients.Update(t.Context(), bare.id, []byte(`{"token_endpoint_auth_method":"client_secret_basic","grant_types":["client_credentials"],"response_types":[],"redirect_uris":[]}`), 0)
		w.must(err)
		imported, _, err := w.clients.Create(t.Context(), m, clients.CreateOptions{ImportedSecretHash: "sha256$" + strings.Repeat("0", 64)})
		w.must(err)
		for path, form := range authenticated() {
			for _, secret := range []string{"", " ", p.secret[:len(p.secret)-1], p.secret + "x", p.secret + " ", " " + p.secret, strings.ToUpper(p.secret), strings.TrimPrefix(p.secret, "sym_cs_"), p.secret[:40] + strings.Repeat("x", len(p.secret)-40), strings.Repeat("a", 80), strings.Repeat("0", 64)} {
				for _, id := range []string{p.id, bare.id, imported.ID} {
					w.post(path, form, id, secret).expect(t, 401, "invalid_client")
				}
			}
			w.post(path, merged(form, "client_id", p.id, "client_secret", ""), "", "").expect(t, 401, "invalid_client")
			w.basic(path, form, "Basic "+base64.StdEncoding.EncodeToString([]byte(p.id))).expect(t, 401, "invalid_client")
		}
	})
}

// CA-02: the two halves are form-encoded (RFC 6749 §2.3.1), base64 is strict, and nothing odd is a 5xx.
func TestBasicHeaderDecoding(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		m, err := clients.DecodeMetadata([]byte(machineClient))
		w.must(err)
		for _, id := range []string{"https://client.example/id?x=1&y=2", "a:b", "100%", "a+b", "a%3Ab"} {
			c, secret, err := w.clients.Create(t.Context(), m, clients.CreateOptions{ID: id})
			w.must(err)
			for path, form := range authenticated() {
				if r := w.post(path, form, c.ID, secret); r.status != 200 {
					t.Errorf("%s: %q form-encoded: %d %s", path, id, r.status, r.raw)
				}
			}
		}
		p := w.machine("client_secret_basic")
		pair := p.id + ":" + p.secret
		good := base64.StdEncoding.EncodeToString([]byte(pair))
		for path, form := range authenticated() {
			for _, header := range []string{"Basic " + good, "basic " + good, "BASIC " + good} {
				if r := w.basic(path, form, header); r.status != 200 {
					t.Errorf("%s: %.12s: %d %s", path, header, r.status, r.raw)
				}
			}
			odd := map[string][]string{
				"dirty": {"Basic " + good[:8] + "!" + good[8:]}, "a space inside": {"Basic " + good[:8] + " " + good[8:]}, "no colon": {"Basic " + base64.StdEncoding.EncodeToString([]byte("abc"))},
				"another scheme": {"Bearer " + good}, "no scheme": {good}, "scheme only": {"Basic"}, "empty": {""}, "scheme and space": {"Basic "}, "8 KiB": {"Basic " + strings.Repeat("QUFB", 2048)}, "two": {"Basic " + good, "Basic " + good},
				"bad escape": {"Basic " + base64.StdEncoding.EncodeToString([]byte("%zz:"+p.secret))}, "NUL": {"Basic " + base64.StdEncoding.EncodeToString([]byte(p.id+"\x00:"+p.secret))},
				"not UTF-8": {"Basic " + base64.StdEncoding.EncodeToString([]byte("\xff\xfe:\xff"))}, "list": {"Basic " + good + ", Basic " + good}, "url alphabet": {"Basic " + strings.NewReplacer("+", "-", "/", "_").Replace(base64.StdEncoding.EncodeToString([]byte("???>>>:???>>>")))},
				"encoded NUL": {"Basic " + base64.StdEncoding.EncodeToString([]byte(p.id+"%00:"+p.secret))},
			}
			if padded := strings.TrimRight(good, "="); padded != good {
				odd["unpadded"] = []string{"Basic " + padded}
			}
			for name, headers := range odd {
				r := w.basic(path, form, headers...)
				if !(r.status == 401 && r.text("error") == "invalid_client" || r.status == 400 && r.text("error") == "invalid_request") {
					t.Errorf("%s: %s: %d %s", path, name, r.status, r.raw)
				}
			}
		}
	})
}

// RFC 6749 §2.3, §5.2: one method per request, and the challenge names the scheme that was tried.
func TestClientAuthenticationTwiceAndChallenge(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, other := w.machine("client_secret_basic"), w.machine("client_secret_post")
	for path, form := range authenticated() {
		for _, r := range []reply{
			w.post(path, merged(form, "client_id", p.id, "client_secret", p.secret), p.id, p.secret),
			w.post(path, merged(form, "client_id", other.id, "client_secret", other.secret), p.id, p.secret),
			w.post(path, merged(form, "client_secret", p.secret), p.id, p.secret),
			w.post(path, merged(form, "client_id", other.id), p.id, p.secret),
		} {
			if r.status != 400 && r.status != 401 || r.text("error") != "invalid_request" && r.text("error") != "invalid_client" {
				t.Errorf("%s: two methods at once: %d %s", path, r.status, r.raw)
			}
		}
		if r := w.post(path, merged(form, "client_id", p.id), p.id, p.secret); r.status != 200 {
			t.Errorf("%s: the same client_id in the body: %d %s", path, r.status, r.raw)
		}
		r := w.post(path, form, p.id, "wrong")
		r.expect(t, 401, "invalid_client")
		if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: WWW-Authenticate %q", path, r.header.Get("WWW-Authenticate"))
		}
		for name, form := range map[string]url.Values{"client_id": merged(form, "client_id", other.id), "client_secret": merged(form, "client_id", other.id, "client_secret", "x")} {
			form[name] = append(form[name], "again")
			w.post(path, form, "", "").expect(t, 400, "invalid_request")
		}
		if r := w.get(path+"?"+merged(form, "client_id", other.id, "client_secret", other.secret).Encode(), ""); r.status != 405 || r.header.Get("Allow") == "" {
			t.Errorf("%s by GET: %d %q", path, r.status, r.header.Get("Allow"))
		}
		// RFC 6749 §2.3.1: credentials are never in the address.
		r2, err := http.NewRequest("POST", w.issuer+path+"?client_id="+other.id+"&client_secret="+other.secret, strings.NewReader(form.Encode()))
		w.must(err)
		r2.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := w.send(r2); a.status != 401 && a.status != 400 {
			t.Errorf("%s: credentials in the query: %d %s", path, a.status, a.raw)
		}
	}
}

// CA-09, EN-01: an id that is nearly right is unknown, and unknown looks the same as a wrong secret.
func TestUnknownClientLooksLikeWrongSecret(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.machine("client_secret_basic")
		public := w.machine("none")
		disabled := w.machine("client_secret_basic")
		_, err := w.clients.Update(t.Context(), disabled.id, []byte(`{"disabled":true}`), 0)
		w.must(err)
		for path, form := range authenticated() {
			wrong := w.post(path, form, p.id, "sym_cs_wrong")
			wrong.expect(t, 401, "invalid_client")
			ids := []string{"nobody", strings.ToUpper(p.id), strings.ToLower(p.id), p.id + " ", " " + p.id, p.id + "\u0000", p.id + "\u200b", p.id + "/", public.id, "ａｂｃ"}
			for _, id := range ids {
				if id == p.id {
					continue
				}
				same(t, path+" "+id, wrong, w.post(path, form, id, p.secret))
			}
			same(t, path+" disabled", wrong, w.post(path, form, disabled.id, disabled.secret)) // CA-08
		}
	})
}

// same fails unless two answers cannot be told apart.
func same(t *testing.T, name string, a, b reply) {
	t.Helper()
	if a.status != b.status || a.raw != b.raw {
		t.Errorf("%s: %d %s instead of %d %s", name, b.status, b.raw, a.status, a.raw)
	}
	for header := range a.header {
		if header != "Date" && header != "X-Request-Id" && a.header.Get(header) != b.header.Get(header) {
			t.Errorf("%s: %s is %q instead of %q", name, header, b.header.Get(header), a.header.Get(header))
		}
	}
}

// CA-07: two secrets during a rotation, on both nodes; the old one ends on time, and the last cannot vanish.
func TestSecretRotation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.machine("client_secret_basic")
		nodes := []*world{w, w.second()}
		works := func(secret string) []bool {
			var all []bool
			for _, node := range nodes {
				status := node.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, p.id, secret).status
				if status != 200 && status != 401 {
					t.Errorf("status %d", status)
				}
				all = append(all, status == 200)
			}
			return all
		}
		within := func(secret string, want bool) {
			t.Helper()
			for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				got := works(secret)
				if got[0] == want && got[1] == want {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("after 3 s: %v, want %v", got, want)
				}
			}
		}
		within(p.secret, true)
		second, _, err := w.clients.RotateSecret(t.Context(), p.id, 4*time.Second)
		w.must(err)
		within(second, true)
		within(p.secret, true)
		time.Sleep(2 * time.Second)
		within(p.secret, false) // its overlap is over
		third, _, err := w.clients.RotateSecret(t.Context(), p.id, 0)
		w.must(err)
		within(second, false)
		within(third, true)
		w.must(w.clients.Delete(t.Context(), p.id))
		within(third, false)
	})
}

// The answer to a client that does not authenticate is the same for every reason (EN-01). The log tells the operator which one it was.
func TestWhyAClientWasRefused(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	machine, shared := w.machine("client_secret_basic"), w.sharer("HS256")
	form := url.Values{"grant_type": {"client_credentials"}}
	asserts := func(changes ...any) func() reply {
		return func() reply { return w.post("/oauth2/token", asserted(form, shared.sign(changes...)), "", "") }
	}
	used := shared.sign()
	w.post("/oauth2/token", asserted(form, used), "", "").expect(t, 200, "")
	for reason, ask := range map[string]func() reply{
		"the secret is wrong": func() reply { return w.post("/oauth2/token", form, machine.id, "x") },
		"the request has client_secret_post, the client is registered for client_secret_basic": func() reply {
			return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {machine.id}, "client_secret": {machine.secret}}, "", "")
		},
		"the assertion: aud is not this server, in the way that the client has to name it": asserts("aud", "https://other.example"),
		"the assertion: exp is missing or has passed":                                      asserts("exp", 1),
		"the assertion: exp is too far ahead":                                              asserts("exp", 1<<33),
		"the assertion: nbf or iat is ahead":                                               asserts("iat", 1<<33),
		"the assertion: jti is missing or too long":                                        asserts("jti", nil),
		"the assertion: iss and sub are not both the client_id":                            asserts("iss", "x"),
		"the assertion: jti was used before":                                               func() reply { return w.post("/oauth2/token", asserted(form, used), "", "") },
	} {
		before := strings.Count(w.log.String(), `"client_refused":"`+reason+`"`)
		ask().expect(t, 401, "invalid_client")
		w.until(reason, func() bool { return strings.Count(w.log.String(), `"client_refused":"`+reason+`"`) == before+1 })
	}
}
