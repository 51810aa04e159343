package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// chromiumModules are those that need a browser with scripts and frames.
func chromiumModules() map[string]func(*suite) {
	return map[string]func(*suite){
		"oidcc-frontchannel-rp-initiated-logout":       frontchannelLogout,
		"oidcc-session-management-rp-initiated-logout": sessionManagementLogout,
	}
}

// verifyPage is the suite's page: a frame of its own beside ours, which asks ours and says in "heard" what came back.
const verifyPage = `<!doctype html><link rel=icon href=data:,><title>%[1]s</title>
<script>var heard = ''; addEventListener('message', function (e) { if (e.source === frames[1]) heard = e.data })</script>
<iframe src="%[2]s/oauth2/check_session" onload="frames[1].postMessage('ask', '*')"></iframe><iframe src="/frame"></iframe>`

// verifyFrame asks as often as a client would that polls.
const verifyFrame = `<!doctype html><script>
var issuer = '%[1]s', op = parent.frames[0];
addEventListener('message', function (e) { if (e.origin === issuer && e.source === op) parent.postMessage(e.data, location.origin) });
setInterval(function () { op.postMessage(parent.location.hash.slice(1).replace('+', ' '), issuer) }, 50);
</script>`

// clientSite is the suite's own server, with the requests that came to it.
type clientSite struct {
	t      *testing.T
	origin string
	mu     sync.Mutex
	came   []string // paths with their queries
	hang   chan struct{}
}

func (s *suite) site() *clientSite {
	c := &clientSite{t: s.t, hang: make(chan struct{})}
	s.t.Cleanup(func() { close(c.hang) })
	c.origin = s.listener(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.came = append(c.came, r.URL.RequestURI())
		c.mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/hang":
			select {
			case <-c.hang:
			case <-r.Context().Done():
			}
		case "/frame":
			fmt.Fprintf(w, verifyFrame, s.issuer)
		default:
			fmt.Fprintf(w, verifyPage, r.URL.Path, s.issuer)
		}
	})
	return c
}

// requests returns the queries of those that came to path.
func (c *clientSite) requests(path string) (queries []url.Values) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, uri := range c.came {
		if u, err := url.Parse(uri); err == nil && u.Path == path {
			queries = append(queries, u.Query())
		}
	}
	return queries
}

// visitor is a person with Chromium, signed in at a client of the site.
type visitor struct {
	*watcher
	site *clientSite
	rp   *relyingParty
	got  signedIn
}

// visitor registers a client at the site, and signs ada in there.
func (c *clientSite) visitor(s *suite, tab *watcher, changes ...any) *visitor {
	s.t.Helper()
	rp := s.register(append([]any{"redirect_uris", []any{c.origin + "/cb"}, "post_logout_redirect_uris", []any{c.origin + "/bye"}}, changes...)...)
	rp.redirectURI = c.origin + "/cb"
	v := &visitor{watcher: tab, site: c, rp: rp}
	q := rp.request()
	v.open(s.issuer + "/oauth2/authorize?" + q.Encode())
	v.through("/cb", "login-corp", "person-ada", "consent-allow")
	v.got = rp.complete(&page{location: v.evaluate("location.href")}, q)
	return v
}

// through presses those of the buttons that come, until the browser is at the client's path.
func (v *visitor) through(path string, ids ...string) {
	v.t.Helper()
	there, shown := "location.pathname === '"+path+"'", "['"+strings.Join(ids, "', '")+"'].filter(function (id) { return document.getElementById(id) })"
	for range len(ids) {
		v.until(there + " || " + shown + ".length > 0")
		id := v.evaluate(shown + "[0]")
		if id == "undefined" {
			return
		}
		v.press(id)
		v.until("document.getElementById('" + id + "') === null")
	}
	v.until(there)
}

// leave logs out, and waits until the browser is back at the client with the state.
func (v *visitor) leave() {
	v.t.Helper()
	q := url.Values{"id_token_hint": {v.got.idToken}, "post_logout_redirect_uri": {v.site.origin + "/bye"}, "state": {"a&b=c#d"}}
	v.evaluate("(location.href = '" + v.rp.issuer + "/oauth2/logout?" + q.Encode() + "', 0)") // no waiting for a page whose frames do not load
	v.until("location.pathname === '/bye'")
	if got := v.site.requests("/bye"); len(got) != 1 || len(got[0]) != 1 || got[0].Get("state") != q.Get("state") {
		v.t.Errorf("back at the client with %v", got)
	}
}

// expectLoggedOut asks without pages.
func (v *visitor) expectLoggedOut() {
	v.t.Helper()
	q := v.rp.request("prompt", "none")
	v.open(v.rp.issuer + "/oauth2/authorize?" + q.Encode())
	v.until("location.pathname === '/cb'")
	v.rp.expectRefusal(&page{location: v.evaluate("location.href")}, q, needsPerson...)
}

// frontchannelLogout: the page after the log-out loads the client's address in a frame, and goes on to the client, which hangs on nobody: another
// client of the session never answers.
func frontchannelLogout(s *suite) {
	w := s.watcher()
	site, other := s.site(), s.site()
	other.visitor(s, w, "frontchannel_logout_uri", other.origin+"/hang", "frontchannel_logout_session_required", true)
	v := site.visitor(s, w, "frontchannel_logout_uri", site.origin+"/fc?own=1", "frontchannel_logout_session_required", true)
	began := time.Now()
	v.leave()
	if took := time.Since(began); took > 10*time.Second {
		s.t.Errorf("back at the client after %s", took)
	}
	for path, requests := range map[string][]url.Values{"/fc": site.requests("/fc"), "/hang": other.requests("/hang")} {
		if len(requests) != 1 {
			s.t.Fatalf("%s: %v", path, requests)
		}
		got := requests[0]
		got.Del("own")
		if len(got) != 2 || got.Get("iss") != s.issuer || got.Get("sid") != v.got.claims["sid"] {
			s.t.Errorf("%s: %v, in the ID token sid %v", path, got, v.got.claims["sid"])
		}
	}
	v.expectLoggedOut()
}

// watcher starts Chromium.
func (s *suite) watcher() *watcher {
	return &watcher{t: s.t, w: s.world, tab: startChromium(s.t, true)}
}

// sessionManagementLogout: the frame says unchanged after the sign-in, and changed on a page that is opened after the log-out.
func sessionManagementLogout(s *suite) {
	v := s.site().visitor(s, s.watcher())
	state := v.got.answer.Get("session_state")
	if state == "" || strings.Contains(state, " ") {
		s.t.Fatalf("session_state: %v", v.got.answer)
	}
	verify := func(path string) string {
		v.open(v.site.origin + path + "#" + v.rp.id + "+" + state)
		v.until("heard !== ''")
		return v.evaluate("heard")
	}
	heard := []string{verify("/session_verify")}
	v.leave()
	if heard = append(heard, verify("/second_session_verify")); !slices.Equal(heard, []string{"unchanged", "changed"}) {
		s.t.Errorf("the frame says %v", heard)
	}
	v.expectLoggedOut()
}
