package bearer

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve sends a request through a handler and returns the response.
func serve(h http.Handler, r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result()
}

func request(authorization ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, testAudience+"/orders", nil)
	for _, value := range authorization {
		r.Header.Add("Authorization", value)
	}
	return r
}

// whoami answers with the subject of the token.
func whoami(rw http.ResponseWriter, r *http.Request) {
	if t, ok := FromContext(r.Context()); ok {
		_, _ = io.WriteString(rw, t.Subject)
	}
}

func TestRFC6750Answers(t *testing.T) {
	w := newWorld(t)
	var refusals []*Error
	v := w.verifier(func(c *Config) {
		c.RequiredScopes = []string{"read"}
		c.OnRefuse = func(_ *http.Request, e *Error) { refusals = append(refusals, e) }
	})
	h := v.Middleware(http.HandlerFunc(whoami))
	good := w.token(nil)
	for name, tt := range map[string]struct {
		request   *http.Request
		status    int
		challenge string // "": none
	}{
		"good":                         {request("Bearer " + good), 200, ""},
		"IR-06: scheme in lower case":  {request("bearer " + good), 200, ""},
		"IR-06: two spaces":            {request("Bearer  " + good), 200, ""},
		"RFC 6750 §3.1: no token":      {request(), 401, "Bearer"},
		"other scheme":                 {request("Basic YTpi"), 401, "Bearer"},
		"DPoP where it is not offered": {request("DPoP " + good), 401, "Bearer"},
		"IR-06: tab":                   {request("Bearer\t" + good), 401, "Bearer"},
		"scheme alone":                 {request("Bearer"), 400, `Bearer error="invalid_request"`},
		"scheme and space":             {request("Bearer  "), 400, `Bearer error="invalid_request"`},
		"IR-06: two headers":           {request("Bearer "+good, "Bearer "+good), 400, `Bearer error="invalid_request"`},
		"two schemes":                  {request("Basic YTpi", "Bearer "+good), 400, `Bearer error="invalid_request"`},
		"IR-06: trailing comma":        {request("Bearer " + good + ","), 401, `Bearer error="invalid_token"`},
		"IR-06: not ASCII":             {request("Bearer ä" + good), 401, `Bearer error="invalid_token"`},
		"IR-06: 100 KiB":               {request("Bearer " + strings.Repeat("a", 100<<10)), 401, `Bearer error="invalid_token"`},
		"list":                         {request("Bearer " + good + ", Bearer " + good), 401, `Bearer error="invalid_token"`},
		"expired":                      {request("Bearer " + w.token(map[string]any{"exp": time.Now().Unix() - 60})), 401, `Bearer error="invalid_token", error_description="The access token has expired. Get a new one."`},
		"RFC 6750 §3.1: scope":         {request("Bearer " + w.token(map[string]any{"scope": "readwrite"})), 403, `Bearer error="insufficient_scope"`},
		"no scope":                     {request("Bearer " + w.token(map[string]any{"scope": nil})), 403, `Bearer error="insufficient_scope"`},
	} {
		t.Run(name, func(t *testing.T) {
			refusals = nil
			response := serve(h, tt.request)
			if response.StatusCode != tt.status {
				t.Errorf("status %d, want %d", response.StatusCode, tt.status)
			}
			challenge := response.Header.Get("WWW-Authenticate")
			if !strings.HasPrefix(challenge, tt.challenge) || tt.challenge == "Bearer" && challenge != "Bearer" || tt.challenge == "" && challenge != "" {
				t.Errorf("challenge %q, want %q", challenge, tt.challenge)
			}
			if tt.status == 200 {
				return
			}
			if response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("Content-Type") != "application/json" {
				t.Errorf("header %v", response.Header)
			}
			if tt.status == 403 && !strings.HasSuffix(challenge, `scope="read"`) {
				t.Errorf("challenge %q lacks the scope", challenge)
			}
			body, _ := io.ReadAll(response.Body)
			if strings.Contains(string(body), good[:20]) || strings.Contains(challenge, good[:20]) {
				t.Error("the token is in the answer")
			}
			if len(refusals) != 1 || refusals[0].Status != tt.status {
				t.Errorf("OnRefuse was told %v", refusals)
			}
			if len(refusals) == 1 && strings.Contains(refusals[0].Error(), good[:60]) {
				t.Error("the token is in the error")
			}
		})
	}
}

func TestFaultIs503WithoutChallenge(t *testing.T) {
	w := newWorld(t)
	w.down = true
	response := serve(w.verifier(nil).Middleware(http.HandlerFunc(whoami)), request("Bearer "+w.token(nil)))
	if response.StatusCode != 503 || response.Header.Get("WWW-Authenticate") != "" || response.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
}

func TestTokenOnlyFromTheHeader(t *testing.T) {
	w := newWorld(t)
	h := w.verifier(nil).Middleware(http.HandlerFunc(whoami))
	good := w.token(nil)
	query := httptest.NewRequest(http.MethodGet, "/orders?access_token="+good, nil)
	form := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader("access_token="+good))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cookie := request()
	cookie.AddCookie(&http.Cookie{Name: "access_token", Value: good})
	cookie.AddCookie(&http.Cookie{Name: "Authorization", Value: "Bearer " + good})
	proxy := request()
	for _, name := range []string{"X-Authorization", "Proxy-Authorization", "X-Forwarded-Authorization", "X-Forwarded-Access-Token"} {
		proxy.Header.Set(name, "Bearer "+good)
	}
	for name, r := range map[string]*http.Request{"query": query, "form": form, "cookie": cookie, "other headers": proxy} {
		if response := serve(h, r); response.StatusCode != 401 {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
}

func TestMW04IdentityHeaders(t *testing.T) {
	w := newWorld(t)
	h := w.verifier(nil).Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-User-Id") != "eve" {
			t.Error("a header that is not the middleware's was changed")
		}
		whoami(rw, r)
	}))
	r := request("Bearer " + w.token(nil))
	for _, name := range []string{"X-User-Id", "X_User_Id", "x-forwarded-user", "Forwarded", "Sub"} {
		r.Header.Set(name, "eve")
	}
	body, _ := io.ReadAll(serve(h, r).Body)
	if string(body) != "anna" {
		t.Errorf("the handler sees %q", body)
	}
	if _, ok := FromContext(t.Context()); ok {
		t.Error("a token in an empty context")
	}
}

func TestMW05NoPathGetsAround(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/public/", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/api/", v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the guarded handler ran") })))
	for _, target := range []string{
		"/api/x", "/public/../api/x", "/api/?x=/public", "/api/%23/public/", "/api/..%2fpublic/", "//api/x", "/api//x", "/api/;/public/", "/public/%2e%2e/api/x",
	} {
		for _, method := range []string{"GET", "POST", "OPTIONS", "HEAD", "TRACE", "get"} {
			r := httptest.NewRequest(method, target, nil)
			r.Header.Set("X-Forwarded-Uri", "/public/")
			r.Header.Set("X-Original-URL", "/public/")
			r.Header.Set("User-Agent", "kube-probe/1.33")
			serve(mux, r)
		}
	}
}

func TestMW06Require(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	handler := http.HandlerFunc(whoami)
	for _, tt := range []struct {
		scope  any
		needs  []string
		status int
	}{
		{"read write", []string{"read"}, 200},
		{"read write", []string{"read", "write"}, 200},
		{"read", []string{"read", "write"}, 403},
		{"readwrite", []string{"read"}, 403},
		{"read:all", []string{"read"}, 403},
		{"READ", []string{"read"}, 403},
		{nil, []string{"read"}, 403},
		{"", []string{"read"}, 403},
	} {
		h := v.Require(tt.needs[0], tt.needs[1:]...)(handler)
		authorization := "Bearer " + w.token(map[string]any{"scope": tt.scope})
		for name, h := range map[string]http.Handler{"alone": h, "inside Middleware": v.Middleware(h)} {
			response := serve(h, request(authorization))
			if response.StatusCode != tt.status {
				t.Errorf("%s: scope %v, needs %v: %d, want %d", name, tt.scope, tt.needs, response.StatusCode, tt.status)
			}
			if want := fmt.Sprintf("scope=%q", strings.Join(tt.needs, " ")); tt.status == 403 && !strings.HasSuffix(response.Header.Get("WWW-Authenticate"), want) {
				t.Errorf("challenge is %q", response.Header.Get("WWW-Authenticate"))
			}
		}
	}
	for _, scope := range []string{"", "a b", "a\"", "ä", "a\n"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Require(%q) does not panic", scope)
				}
			}()
			v.Require(scope)
		}()
	}
}

func TestMW07TokenOfAnotherVerifierIsCheckedAgain(t *testing.T) {
	w := newWorld(t)
	outer := w.verifier(nil)
	inner := w.verifier(func(c *Config) { c.Audience = "https://payments.example.com" })
	h := outer.Middleware(inner.Require("read")(http.HandlerFunc(whoami)))
	if response := serve(h, request("Bearer "+w.token(nil))); response.StatusCode != 401 {
		t.Errorf("a token for another audience: %d", response.StatusCode)
	}
	both := w.token(map[string]any{"aud": []string{testAudience, "https://payments.example.com"}})
	if response := serve(h, request("Bearer "+both)); response.StatusCode != 200 {
		t.Errorf("a token for both: %d", response.StatusCode)
	}
}

func TestMW08Concurrency(t *testing.T) {
	w := newWorld(t)
	w.lists["/status/1"] = &testList{bits: 1, statuses: make([]byte, 1024), ttl: 1}
	second := w.newKey("k2", "EdDSA")
	w.publish(w.signer, second)
	v := w.verifier(nil)
	h := v.Require("read")(http.HandlerFunc(whoami))
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				v.keys.renew(t.Context(), 0) // keys change under way
				_ = v.deny(Logout{SessionID: fmt.Sprint(time.Now().UnixNano()), IssuedAt: time.Now()})
			}
		}
	})
	var users sync.WaitGroup
	for user := range 20 {
		users.Go(func() {
			sub := fmt.Sprint("user-", user)
			k := w.signer
			if user%2 == 1 {
				k = second
			}
			claims := w.claims()
			claims["sub"], claims["sid"], claims["status"] = sub, sub, w.status("/status/1", user)
			authorization := "Bearer " + k.sign(t, map[string]any{"typ": "at+jwt"}, claims)
			for range 500 {
				body, _ := io.ReadAll(serve(h, request(authorization)).Body)
				if string(body) != sub {
					t.Errorf("%s was served as %q", sub, body)
					return
				}
			}
		})
	}
	users.Wait()
	close(stop)
	wg.Wait()
}

func TestClientThatHangsUp(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.hang[keysPath] = 2 * time.Second
		ctx, cancel := contextWithTimeout(t, time.Second)
		defer cancel()
		_, err := v.Verify(ctx, w.token(nil))
		refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
		began := time.Now()
		accepts(t, v, w.token(nil)) // the fetch went on for the next one
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestRefuseAnswersAnyError(t *testing.T) {
	w := newWorld(t)
	rec := httptest.NewRecorder()
	w.verifier(nil).Refuse(rec, request(), errors.New("secret detail"))
	body, _ := io.ReadAll(rec.Result().Body)
	if rec.Result().StatusCode != 503 || strings.Contains(string(body), "secret") {
		t.Errorf("%d %s", rec.Result().StatusCode, body)
	}
}
