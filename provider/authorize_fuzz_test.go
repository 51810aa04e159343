package provider_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// FuzzAuthorize: whatever is sent to the authorization endpoint, by GET or by POST, the browser goes on to our own log-in with the same request, back
// to an address that the client registered, with an error that it is told why, or is shown a page. Nothing is a fault of ours.
func FuzzAuthorize(f *testing.F) {
	e := newEndpoints(f)
	const good = "client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid+email&state=s&code_challenge_method=S256&code_challenge=" + challenge
	for _, more := range []string{
		"", "&prompt=none", "&prompt=login+consent&max_age=0", "&prompt=none+login", "&prompt=%22%5C%E2%98%95%0A" + strings.Repeat("p", 600), "&max_age=-1", "&response_mode=form_post", "&response_mode=query.jwt", "&response_mode=jwt&prompt=none", "&state=t",
		"&resource=https%3A%2F%2Fapi.example%2F&resource=x", "&claims=%7B%22id_token%22%3A%7B%22email%22%3Anull%7D%7D", "&claims=%7B", "&request=a.b.c", "&request_uri=https%3A%2F%2Fa.example",
		"&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax", "&id_token_hint=a.b.c", "&dpop_jkt=x", "&registration=%7B%7D", "&ui_locales=ko+en&login_hint=%E2%98%95&display=popup&acr_values=a+b",
		"&audience=x&authorization_details=%5B%5D", "&nonce=" + strings.Repeat("n", 4000), "&x=%00", "&x=%zz", "&prompt=create&Prompt=none",
	} {
		f.Add(good+more, "")
		f.Add("", good+more)
	}
	for _, edit := range [][2]string{
		{"response_type=code", "response_type=code+id_token&nonce=n"},
		{"response_type=code", "response_type=token+id_token&nonce=n&response_mode=query"},
		{"response_type=code", "response_type=token"},
		{"app.example%2Fcb", "app.example%2Fcb%3Fx%3D1"},
		{"https%3A%2F%2Fapp.example%2Fcb", "http%3A%2F%2F127.0.0.1%3A4711%2Fcb"},
		{"https%3A%2F%2Fapp.example%2Fcb", "com.example.app%3A%2Fcb"},
		{"app.example", "evil.example"},
		{"client_id=app", "client_id=server"},
		{"client_id=app", "client_id=%F0%9F%91%BB"},
		{"scope=openid+email", "scope=+openid++offline_access+openid"},
		{"scope=openid+email", "scope=symbolon%3Aadmin"},
		{"S256", "plain"},
		{challenge, challenge[1:]},
		{"state=s", "state=%22%5C%3C%E2%98%95%0A%7F"},
		{"state=s&", ""},
	} {
		f.Add(strings.Replace(good, edit[0], edit[1], 1), "")
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		target := "/oauth2/authorize?" + query
		if body != "" {
			answer := e.send(t, http.MethodPost, target, body)
			if answer.StatusCode != http.StatusSeeOther {
				checkPage(t, e, answer)
				return
			}
			if target = answer.Header.Get("Location"); !strings.HasPrefix(target, "/oauth2/authorize?") {
				t.Fatalf("%q goes to %q", body, target)
			}
		}
		answer := e.send(t, http.MethodGet, target, "")
		if answer.StatusCode != http.StatusSeeOther {
			checkPage(t, e, answer)
			return
		}
		form, _ := url.ParseQuery(strings.TrimPrefix(target, "/oauth2/authorize?"))
		location := answer.Header.Get("Location")
		if sealed, ok := strings.CutPrefix(location, "/login?"); ok {
			checkInteraction(t, e, answer, sealed, form)
			return
		}
		checkErrorRedirect(t, form, location)
	})
}

// checkPage checks that a page was shown, and that it can be shown.
func checkPage(t *testing.T, e *endpoints, answer *http.Response) {
	t.Helper()
	if e.page == nil || answer.Header.Get("Location") != "" || len(e.page.Detail) > 600 || e.page.Next != "" {
		t.Fatalf("status %d, %v, page %v", answer.StatusCode, answer.Header, e.page)
	}
}

// checkInteraction checks that the log-in is for what was asked, and that it comes back to the same decision.
func checkInteraction(t *testing.T, e *endpoints, answer *http.Response, sealed string, form url.Values) {
	t.Helper()
	cookies := answer.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%v", answer.Header)
	}
	cookie := cookies[0].Name + "=" + cookies[0].Value
	i, err := e.provider.Interaction(&http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: sealed}, Header: http.Header{"Cookie": {cookie}}})
	if err != nil {
		t.Fatal(err)
	}
	if i.Client.ID != form.Get("client_id") || !i.Client.RedirectURIAllowed(i.RedirectURI) || form.Has("redirect_uri") && i.RedirectURI != form.Get("redirect_uri") || i.UILocales != form.Get("ui_locales") {
		t.Fatalf("%v became %+v", form, i)
	}
	registered := strings.Fields(i.Client.Metadata.Scope)
	for n, scope := range i.Scopes {
		if !slices.Contains(registered, scope) || slices.Contains(i.Scopes[:n], scope) {
			t.Fatalf("%v may have %q", form, i.Scopes)
		}
	}
	if i.Client.ID == "app" && form.Get("code_challenge") == "" {
		t.Fatalf("%v: no PKCE", form)
	}
	again := e.send(t, http.MethodGet, e.provider.ResumeURL(i), "", "Cookie", cookie)
	if again.StatusCode != http.StatusSeeOther || !strings.HasPrefix(again.Header.Get("Location"), "/login?") {
		t.Fatalf("%v resumes with status %d, %v", form, again.StatusCode, again.Header)
	}
}

var (
	registeredPlace = regexp.MustCompile(`^(https://(app|server)\.example/cb|http://127\.0\.0\.1(:[0-9]+)?/cb|com\.example\.app:/cb)$`)
	errorText       = regexp.MustCompile(`^[ !#-\[\]-~]{1,500}$`) // RFC 6749 §4.1.2.1
	errorCode       = regexp.MustCompile(`^(invalid_(request|scope|target|request_object|request_uri|authorization_details)|un(authorized_client|supported_response_type)|access_denied|login_required|interaction_required|request(_uri)?_not_supported|registration_not_supported)$`)
)

// checkErrorRedirect: RFC 6749 §4.1.2.1, RFC 9207 §2. The client gets its state back as it was.
func checkErrorRedirect(t *testing.T, form url.Values, location string) {
	t.Helper()
	place, fragment, inFragment := strings.Cut(location, "#")
	place, query, _ := strings.Cut(place, "?")
	if inFragment {
		query = fragment
	}
	parameters, err := url.ParseQuery(query)
	if err != nil || !registeredPlace.MatchString(place) {
		t.Fatalf("%v leads to %q: %v", form, location, err)
	}
	if parameters.Has("response") { // JARM
		if parameters.Del("response"); parameters.Has("error") || parameters.Has("state") {
			t.Fatalf("%v leads to %q", form, location)
		}
		return
	}
	if len(form["state"]) == 1 && !slices.Equal(parameters["state"], form["state"]) && !form.Has("request") && !form.Has("request_uri") || len(form["state"]) > 1 && parameters.Has("state") {
		t.Fatalf("the state of %v comes back as %q", form, parameters["state"])
	}
	if !errorCode.MatchString(parameters.Get("error")) || !errorText.MatchString(parameters.Get("error_description")) || parameters.Get("iss") != fuzzIssuer || parameters.Has("code") || parameters.Has("access_token") {
		t.Fatalf("%v leads to %q", form, location)
	}
}

// FuzzEndSession: whatever asks for a log-out without a session to end, the person is asked, and is offered no way but one that the client registered.
func FuzzEndSession(f *testing.F) {
	e := newEndpoints(f)
	for _, seed := range []string{
		"", "client_id=app&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=s", "client_id=app&post_logout_redirect_uri=https%3A%2F%2Fevil.example", "id_token_hint=a.b.c&client_id=server",
		"client_id=app&client_id=app", "client_id=%00", "post_logout_redirect_uri=x&state=%0A%22", "client_id=app&state=" + strings.Repeat("s", 5000), "logout_hint=x&ui_locales=ko",
	} {
		f.Add(seed, "")
		f.Add("", seed)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		target := "/oauth2/logout?" + query
		if body != "" {
			answer := e.send(t, http.MethodPost, target, body)
			if answer.StatusCode != http.StatusSeeOther {
				checkPage(t, e, answer)
				return
			}
			target = answer.Header.Get("Location")
		}
		answer := e.send(t, http.MethodGet, target, "")
		sealed, ok := strings.CutPrefix(answer.Header.Get("Location"), "/logout?")
		if !ok {
			checkPage(t, e, answer)
			return
		}
		form, _ := url.ParseQuery(strings.TrimPrefix(target, "/oauth2/logout?"))
		l, err := e.provider.Logout(&http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: sealed}})
		if err != nil {
			t.Fatal(err)
		}
		const bye = "https://app.example/bye"
		want := ""
		if form.Get("client_id") == "app" && form.Get("post_logout_redirect_uri") == bye {
			if want = bye; form.Has("state") {
				want += "?" + url.Values{"state": form["state"]}.Encode()
			}
		}
		if l.RedirectURL != want || want != "" && !l.Unproven || len(l.Frontchannel) > 0 {
			t.Fatalf("%v offers %+v, want %q", form, l, want)
		}
	})
}
