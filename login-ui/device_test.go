package loginui

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
)

// devices stands in for the provider: one device shows BCDF-GHJK, others show codes that are no good any more.
type devices struct {
	asks    *asks
	address string
	asked   time.Time
	decided []bool
}

func (d *devices) StartDevice(_ http.ResponseWriter, r *http.Request, typed string) (string, error) {
	code := strings.ToUpper(strings.ReplaceAll(typed, "-", ""))
	if len(code) != 8 {
		return "", provider.ErrUserCode
	}
	c, err := r.Cookie(bindingCookie)
	if err != nil {
		return "", err
	}
	i := d.asks.begin(provider.Interaction{UserCode: code, RedirectURI: code}, c.Value)
	i.RedirectURI = ""
	return "/device?i=" + url.QueryEscape(i.Sealed), nil
}

func (d *devices) Device(r *http.Request) (*provider.DeviceRequest, string, error) {
	i, err := d.asks.Interaction(r)
	if err != nil {
		return nil, "", err
	}
	s, err := d.asks.sessions.Current(r)
	if err != nil {
		return nil, loginURL(i.Sealed), nil //nolint:nilerr // nobody is signed in
	}
	switch i.UserCode {
	case "BCDFGHJK":
		return &provider.DeviceRequest{
			UserCode: "BCDF-GHJK", Client: &clients.Client{ID: "tv", Metadata: clients.Metadata{ClientName: "Sunny TV", PolicyURI: "https://sunnytv.example/privacy"}},
			Scopes: []string{"openid", "profile", "email"}, CreatedAt: d.asked, Address: d.address, Near: d.address == "192.0.2.7", Session: s,
		}, "", nil
	case "XXXXXXXX":
		return nil, "", provider.ErrUserCodeExpired
	case "ZZZZZZZZ":
		return nil, "", provider.ErrUserCodeUsed
	}
	return nil, "", provider.ErrUserCode
}

func (d *devices) DecideDevice(_ context.Context, _ *provider.DeviceRequest, allow bool) error {
	d.decided = append(d.decided, allow)
	return nil
}

// hidden returns the value of a hidden field.
func hidden(page reply, name string) string {
	_, rest, _ := strings.Cut(page.body, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

// toLogin types a code in a browser that nobody is signed in with.
func (b *browser) toLogin(header http.Header) reply {
	b.t.Helper()
	b.header = header
	return b.follow(b.follow(b.post("/device", url.Values{"user_code": {"BCDF-GHJK"}})))
}

// connect types a code and signs in on the way.
func (b *browser) connect(t *testing.T, code string) reply {
	t.Helper()
	page := b.post("/device", url.Values{"user_code": {code}})
	for page.StatusCode == http.StatusSeeOther {
		if page = b.follow(page); strings.Contains(page.body, "login-google") {
			b.world.google.say(ada(), nil)
			page = b.get(b.atUpstream(page, "google"))
		}
	}
	return page
}

// DV-03: a link with the code does nothing by itself, and the page says what the person is about to allow.
func TestDevicePages(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	page := b.get("/device?user_code=BCDF-GHJK")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `value="BCDF-GHJK"`) || strings.Contains(page.body, "device-allow") {
		t.Errorf("the link: %d %s", page.StatusCode, page.body)
	}
	page = b.connect(t, "bcdf-ghjk")
	for _, want := range []string{"Sunny TV", "BCDF-GHJK", "Ada Lovelace", "a…e@gmail.com", "Another one (198.51.100.9)", "2 minutes ago", "device-warning"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the confirmation lacks %q:\n%s", want, page.body)
		}
	}
	form := url.Values{"i": {hidden(page, "i")}, "session": {"of another"}, "decision": {"allow"}}
	if page := b.post("/device", form); !strings.Contains(page.body, "device-allow") || len(w.devices.decided) != 0 {
		t.Error("a form of another session counts")
	}
	form.Set("decision", "maybe")
	if page := b.post("/device", form); page.StatusCode != http.StatusBadRequest || len(w.devices.decided) != 0 {
		t.Errorf("a decision that is none: %d", page.StatusCode)
	}
	if done := b.press(page, "device-deny"); !strings.Contains(done.body, "was not signed in") {
		t.Errorf("denied: %s", done.body)
	}
	if done := b.press(page, "device-allow"); !strings.Contains(done.body, "can go on") {
		t.Errorf("allowed: %s", done.body)
	}
	if len(w.devices.decided) != 2 || w.devices.decided[0] || !w.devices.decided[1] {
		t.Errorf("decisions %v", w.devices.decided)
	}
}

func TestDeviceCodesThatAreNoGood(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	for code, want := range map[string]string{
		"BCDF": "no complete code", "": "no complete code", "<script>": "No device shows", "QQQQ-QQQQ": "No device shows", "XXXX-XXXX": "too old", "ZZZZ-ZZZZ": "already been used",
	} {
		page := b.connect(t, code)
		if page.StatusCode != http.StatusBadRequest || !strings.Contains(page.body, want) || !strings.Contains(page.body, `id="user-code"`) {
			t.Errorf("%q: %d %s", code, page.StatusCode, page.body)
		}
		if strings.Contains(page.body, "<script>") {
			t.Error("what was typed is markup")
		}
	}
}

// What a client asks for and what a device asks for are decided on pages of their own.
func TestDeviceIsNoConsent(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	location := b.post("/device", url.Values{"user_code": {"BCDF-GHJK"}}).Header.Get("Location")
	sealed, err := url.Parse(location)
	check(t, err)
	i := sealed.Query().Get("i")
	for _, page := range []reply{b.get("/consent?i=" + url.QueryEscape(i)), b.post("/consent", url.Values{"i": {i}, "decision": {"allow"}})} {
		if page.StatusCode != http.StatusBadRequest {
			t.Errorf("consent for a device: %d", page.StatusCode)
		}
	}
}

// deviceSamples are the pages of devices, in the language of b.
func deviceSamples(w *world, t *testing.T, b *browser, add func(string, reply)) {
	t.Helper()
	add("device", b.get("/device"))
	add("login-device", w.browser(t, "fresh "+b.header.Get("Accept-Language")).toLogin(b.header))
	add("device-linked", b.get("/device?user_code=BCDF-GHJK"))
	add("device-unknown", b.connect(t, "QQQQ-QQQQ"))
	confirm := b.connect(t, "BCDF-GHJK")
	add("device-confirm", confirm)
	w.devices.address, w.devices.asked = "192.0.2.7", time.Now()
	add("device-confirm-near", b.connect(t, "BCDF-GHJK"))
	add("device-allowed", b.press(confirm, "device-allow"))
	add("device-denied", b.press(confirm, "device-deny"))
}
