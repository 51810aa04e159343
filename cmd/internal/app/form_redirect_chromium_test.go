package app_test

import (
	"net/http"
	"net/url"
	"testing"
)

// BR-05: Chromium holds the form-action of a page against every redirect that follows its form, on all hosts. Upstreams send people on to hosts of
// theirs before they show a page, and partners from their redirect URI to where their app is; neither can be known beforehand.
func TestChromiumFollowsRedirectsAfterForms(t *testing.T) {
	t.Parallel()
	s := newSuite(t, "")
	home := s.site()
	callback := s.listener(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, home.origin+"/home?"+url.Values{"by": {r.Method}, "code": {r.FormValue("code")}}.Encode(), http.StatusSeeOther)
	}) + "/cb"
	v := &visitor{watcher: s.watcher(), rp: s.register("redirect_uris", []any{callback})}
	v.rp.redirectURI = callback
	for _, mode := range []string{"query", "form_post"} {
		v.open(s.issuer + "/oauth2/authorize?" + v.rp.request("response_mode", mode, "prompt", "login consent").Encode())
		v.through("/home", "login-corp", "person-ada", "consent-allow")
	}
	came := home.requests("/home")
	if len(came) != 2 || came[0].Get("by") != "GET" || came[0].Get("code") == "" || came[1].Get("by") != "POST" || came[1].Get("code") == "" {
		t.Errorf("%v", came)
	}
}
