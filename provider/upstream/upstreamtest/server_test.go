package upstreamtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

func TestRefusesOtherThanLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1"} {
		if err := upstreamtest.NewFacebook(upstreamtest.Options{}).Start(addr); err == nil {
			t.Errorf("listens on %s", addr)
		}
	}
}

func startGoogle(t *testing.T) (*upstreamtest.Google, *http.Client) {
	t.Helper()
	g := upstreamtest.NewGoogle(upstreamtest.Options{})
	if err := g.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g, browser()
}

func startFacebook(t *testing.T) (*upstreamtest.Facebook, *http.Client) {
	t.Helper()
	f := upstreamtest.NewFacebook(upstreamtest.Options{})
	if err := f.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, browser()
}

func browser() *http.Client {
	jar, _ := cookiejar.New(nil) // without options it cannot fail
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// do returns status, body and where the answer points.
func do(t *testing.T, c *http.Client, method, to string, form url.Values) (int, string, url.Values) {
	t.Helper()
	r, err := http.NewRequest(method, to, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	location, _ := url.Parse(res.Header.Get("Location"))
	return res.StatusCode, string(body), location.Query()
}

const callback = "http://localhost:8080/login/google/callback"

func authorization(extra ...string) url.Values {
	q := url.Values{"client_id": {"symbolon-at-google"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email profile"}, "state": {"s"}, "nonce": {"n"}}
	for i := 0; i < len(extra); i += 2 {
		q.Set(extra[i], extra[i+1])
	}
	return q
}

func TestControlInterface(t *testing.T) {
	g, c := startGoogle(t)
	post := func(path, body string) int {
		res, err := c.Post(g.BaseURL()+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if s := post("/_sim/behaviour", `{"deny":true,"delay":"1ms","at":["token"]}`); s != http.StatusNoContent {
		t.Fatalf("status %d", s)
	}
	if s := post("/_sim/behaviour", `{"denny":true}`); s != http.StatusBadRequest {
		t.Errorf("misspelt switch: status %d", s)
	}
	_, _, q := do(t, c, "GET", g.BaseURL()+"/o/oauth2/v2/auth?"+authorization().Encode(), nil)
	if q.Get("error") != "access_denied" || q.Get("state") != "s" || q.Get("iss") != g.BaseURL() {
		t.Errorf("%v", q)
	}
	_, journal, _ := do(t, c, "GET", g.BaseURL()+"/_sim/journal", nil)
	var seen []upstreamtest.Request
	if err := json.Unmarshal([]byte(journal), &seen); err != nil || len(seen) != 1 || seen[0].Endpoint != "authorize" {
		t.Errorf("%s, %v", journal, err)
	}
	post("/_sim/reset", "")
	if len(g.Journal("")) != 0 {
		t.Error("journal is not empty after a reset")
	}
	if s, _, _ := do(t, c, "GET", g.BaseURL()+"/o/oauth2/v2/auth?"+authorization().Encode(), nil); s != http.StatusOK {
		t.Errorf("after the reset: status %d", s)
	}
}

func TestGoogleRefusesOnItsOwnPage(t *testing.T) {
	g, c := startGoogle(t)
	for name, q := range map[string]url.Values{
		"invalid_client":        authorization("client_id", "nobody"),
		"redirect_uri_mismatch": authorization("redirect_uri", "https://evil.example/"),
	} {
		status, body, location := do(t, c, "GET", g.BaseURL()+"/o/oauth2/v2/auth?"+q.Encode(), nil)
		if status != http.StatusBadRequest || !strings.Contains(body, name) || !strings.Contains(body, "Simulated Google") || len(location) != 0 {
			t.Errorf("%s: %d %v", name, status, location)
		}
	}
}

func TestGoogleChooserAndSilentReturn(t *testing.T) {
	g, c := startGoogle(t)
	to := g.BaseURL() + "/o/oauth2/v2/auth?"
	if _, _, q := do(t, c, "GET", to+authorization("prompt", "none").Encode(), nil); q.Get("error") != "interaction_required" {
		t.Errorf("prompt none, signed out: %v", q)
	}
	if _, _, q := do(t, c, "GET", to+authorization("prompt", "login").Encode(), nil); q.Get("error") != "invalid_request" {
		t.Errorf("prompt login: %v", q)
	}
	_, page, _ := do(t, c, "GET", to+authorization("login_hint", "alan@bletchley.example").Encode(), nil)
	for _, want := range []string{`id="person-ada"`, `id="person-minji"`, `id="cancel"`, `id="share-email"`, "김민지", "Simulated Google", `value="alan" class="hint"`} {
		if !strings.Contains(page, want) {
			t.Errorf("chooser lacks %s", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("chooser has script or inline style")
	}
	_, page, _ = do(t, c, "GET", to+authorization("hd", "navy.example").Encode(), nil)
	if !strings.Contains(page, "person-grace") || strings.Contains(page, "person-ada") {
		t.Error("hd does not filter the list")
	}
	_, _, q := do(t, c, "POST", g.BaseURL()+"/o/oauth2/v2/auth/choose", url.Values{"request": {authorization().Encode()}, "person": {"ada"}, "email": {"on"}})
	if q.Get("code") == "" || q.Get("state") != "s" || q.Get("scope") != "https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/userinfo.email openid" {
		t.Errorf("%v", q)
	}
	for prompt, silent := range map[string]bool{"": true, "none": true, "select_account": false, "consent": false} {
		status, _, q := do(t, c, "GET", to+authorization("prompt", prompt).Encode(), nil)
		if (q.Get("code") != "") != silent || !silent && status != http.StatusOK {
			t.Errorf("second visit, prompt %q: %d %v", prompt, status, q)
		}
	}
}

func TestGoogleCodeIsSpentOnceAndRefreshTokenComesOnce(t *testing.T) {
	g, c := startGoogle(t)
	code := func() string {
		_, _, q := do(t, c, "POST", g.BaseURL()+"/o/oauth2/v2/auth/choose", url.Values{"request": {authorization("access_type", "offline").Encode()}, "person": {"ada"}, "email": {"on"}})
		return q.Get("code")
	}
	redeem := func(code string) (int, map[string]any) {
		status, body, _ := do(t, c, "POST", g.BaseURL()+"/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "client_id": {"symbolon-at-google"}, "client_secret": {"simulated-google-secret"},
		})
		var m map[string]any
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		return status, m
	}
	first := code()
	status, m := redeem(first)
	if status != http.StatusOK || m["refresh_token"] == nil || m["id_token"] == nil {
		t.Fatalf("%d %v", status, m)
	}
	info := func() int {
		s, _, _ := do(t, c, "GET", g.BaseURL()+"/tokeninfo?access_token="+m["access_token"].(string), nil)
		return s
	}
	if info() != http.StatusOK {
		t.Error("access token is not known")
	}
	if status, again := redeem(first); status != http.StatusBadRequest || again["error"] != "invalid_grant" || info() != http.StatusBadRequest {
		t.Errorf("second use: %d %v; the access token must end too", status, again)
	}
	if _, m := redeem(code()); m["refresh_token"] != nil {
		t.Error("a refresh token at the second consent")
	}
}

func TestFacebookDialogAndVersions(t *testing.T) {
	f, c := startFacebook(t)
	q := url.Values{"client_id": {"1000000000000001"}, "redirect_uri": {callback}, "scope": {"public_profile,email"}, "state": {"s"}}
	res, err := c.Get(f.BaseURL() + "/v26.0/dialog/oauth?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Facebook-Api-Version") != "v26.0" || !strings.Contains(string(page), "Simulated Facebook") {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	res, err = c.PostForm(f.BaseURL()+"/v26.0/dialog/oauth", url.Values{"request": {q.Encode()}, "cancel": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if to := res.Header.Get("Location"); !strings.HasSuffix(to, "#_=_") || !strings.Contains(to, "error_reason=user_denied") || !strings.Contains(to, "error_code=200") {
		t.Errorf("denial: %s", to)
	}
	res, err = c.Get(f.BaseURL() + "/v20.0/dialog/oauth?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if v := res.Header.Get("Facebook-Api-Version"); time.Now().After(time.Date(2026, 9, 25, 0, 0, 0, 0, time.UTC)) && v == "v20.0" {
		t.Errorf("expired version serves itself: %s", v)
	}
	if status, body, _ := do(t, c, "GET", f.BaseURL()+"/v99.0/me", nil); status != http.StatusBadRequest || !strings.Contains(body, `"code":2500`) {
		t.Errorf("unknown version: %d %s", status, body)
	}
}

func TestFacebookGraphNeedsTheProof(t *testing.T) {
	f, c := startFacebook(t)
	q := url.Values{"client_id": {"1000000000000001"}, "redirect_uri": {callback}, "scope": {"public_profile email"}, "state": {"s"}}
	_, _, back := do(t, c, "POST", f.BaseURL()+"/v26.0/dialog/oauth", url.Values{"request": {q.Encode()}, "person": {"ada"}})
	form := url.Values{"client_id": {"1000000000000001"}, "client_secret": {"simulated-facebook-secret"}, "redirect_uri": {callback}, "code": {back.Get("code")}}
	status, body, _ := do(t, c, "GET", f.BaseURL()+"/v26.0/oauth/access_token?"+form.Encode(), nil)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &token); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if status, body, _ := do(t, c, "POST", f.BaseURL()+"/v26.0/oauth/access_token", form); status != http.StatusBadRequest || !strings.Contains(body, `"error_subcode":36009`) {
		t.Errorf("second use of the code: %d %s", status, body)
	}
	if status, body, _ := do(t, c, "GET", f.BaseURL()+"/v26.0/me?access_token="+token.AccessToken, nil); status != http.StatusBadRequest || !strings.Contains(body, "appsecret_proof") {
		t.Errorf("without proof: %d %s", status, body)
	}
	debug := url.Values{"input_token": {token.AccessToken}, "access_token": {"1000000000000001|simulated-facebook-secret"}}
	if _, body, _ := do(t, c, "GET", f.BaseURL()+"/v26.0/debug_token?"+debug.Encode(), nil); !strings.Contains(body, `"is_valid":true`) || !strings.Contains(body, "10158304728163045") {
		t.Errorf("debug_token: %s", body)
	}
	f.SkipAppSecretProof = true
	if _, body, _ := do(t, c, "GET", f.BaseURL()+"/v26.0/me/permissions?access_token="+token.AccessToken, nil); !strings.Contains(body, `{"permission":"email","status":"declined"}`) {
		t.Errorf("permissions: %s", body)
	}
	if _, body, _ := do(t, c, "GET", f.BaseURL()+"/v26.0/me?access_token="+token.AccessToken, nil); strings.Contains(body, "email") || !strings.Contains(body, `"id":"10158304728163045"`) {
		t.Errorf("without fields: %s", body)
	}
}
