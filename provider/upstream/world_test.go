package upstream_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

// attempts is an AttemptStore in memory; the real one has tests of its own.
type attempts struct {
	mu      sync.Mutex
	rows    map[string]upstream.Attempt
	inserts int
}

func (s *attempts) InsertAttempt(_ context.Context, a upstream.Attempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[hex.EncodeToString(a.StateHash)] = a
	s.inserts++
	return nil
}

func (s *attempts) SpendAttempt(_ context.Context, stateHash []byte, now time.Time) (upstream.Attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := hex.EncodeToString(stateHash)
	a, ok := s.rows[key]
	if !ok || !now.Before(a.ExpiresAt) {
		return upstream.Attempt{}, upstream.ErrAttempt
	}
	if a.CodeVerifier == nil {
		return a, upstream.ErrSpent
	}
	spent := a
	spent.CodeVerifier, spent.Nonce = nil, ""
	s.rows[key] = spent
	return a, nil
}

// xorBox is reversible and notices another associated data: enough to see that Flow seals, and with what.
type xorBox struct{}

func (xorBox) Seal(plaintext, aad []byte) []byte { return append(bytes.Clone(aad), xor(plaintext)...) }

func (xorBox) Open(sealed, aad []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, aad)
	if !ok {
		return nil, errors.New("does not open")
	}
	return xor(rest), nil
}

func xor(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= 0x5a
	}
	return out
}

// world is a flow with the simulated upstreams: google, facebook, and google once more as a generic provider "corp".
type world struct {
	google   *upstreamtest.Google
	facebook *upstreamtest.Facebook
	flow     *upstream.Flow
	store    *attempts
}

func newWorld(t *testing.T, client *http.Client, configure ...func(*upstream.GoogleConfig, *upstream.OIDCConfig, *upstream.FacebookConfig)) *world {
	t.Helper()
	w := &world{
		google:   upstreamtest.NewGoogle(upstreamtest.Options{}),
		facebook: upstreamtest.NewFacebook(upstreamtest.Options{}),
		store:    &attempts{rows: map[string]upstream.Attempt{}},
	}
	for _, s := range []interface {
		Start(string) error
		Close() error
	}{w.google, w.facebook} {
		if err := s.Start("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
	}
	w.build(t, client, configure...)
	return w
}

func (w *world) build(t *testing.T, client *http.Client, configure ...func(*upstream.GoogleConfig, *upstream.OIDCConfig, *upstream.FacebookConfig)) {
	t.Helper()
	g, o, f := w.google.Config("google", client), w.google.OIDCConfig("corp", client), w.facebook.Config("facebook", client)
	for _, c := range configure {
		c(&g, &o, &f)
	}
	google, err1 := upstream.NewGoogle(g)
	corp, err2 := upstream.NewOIDC(o)
	facebook, err3 := upstream.NewFacebook(f)
	flow, err4 := upstream.NewFlow(upstream.FlowConfig{
		Connectors: []upstream.Connector{google, corp, facebook}, Store: w.store, Box: xorBox{},
		CallbackURL: func(id string) string { return "http://localhost:8080/login/" + id + "/callback" },
	})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	w.flow = flow
}

// browser is a person's browser with its binding to us.
type browser struct {
	client *http.Client
	hash   []byte
}

func newBrowser(name string) *browser {
	jar, _ := cookiejar.New(nil) // without options it cannot fail
	sum := sha256.Sum256([]byte(name))
	return &browser{
		client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		hash:   sum[:],
	}
}

// choice is what the person does on the chooser.
type choice struct {
	person    string // empty: Cancel
	keepEmail bool   // unticks the address
}

// visit goes to the upstream's URL, chooses on the page if there is one, and returns the callback it is sent to.
func (b *browser) visit(to string, c choice) (url.Values, error) {
	res, err := b.client.Get(to)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		fields, action, err := readForm(res)
		if err != nil {
			return nil, err
		}
		if c.person == "" {
			fields.Set("cancel", "1")
		} else {
			fields.Set("person", c.person)
		}
		if c.keepEmail {
			fields.Del("email")
		}
		target, _ := res.Request.URL.Parse(action)
		if res, err = b.client.PostForm(target.String(), fields); err != nil {
			return nil, err
		}
		res.Body.Close()
	}
	if res.StatusCode != http.StatusSeeOther {
		return nil, errors.New("upstream answers " + res.Status)
	}
	callback, err := res.Location()
	if err != nil {
		return nil, err
	}
	return callback.Query(), nil
}

// readForm returns the hidden fields and ticked boxes of the page's form, and its action.
func readForm(res *http.Response) (url.Values, string, error) {
	doc, err := html.Parse(res.Body)
	if err != nil {
		return nil, "", err
	}
	fields, action := url.Values{}, ""
	for n := range doc.Descendants() {
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		switch n.Data {
		case "form":
			action = attr["action"]
		case "input":
			fields.Set(attr["name"], attr["value"])
		}
	}
	return fields, action, nil
}

// signIn runs the whole flow.
func (w *world) signIn(t *testing.T, b *browser, connector string, c choice) (upstream.Completion, error) {
	t.Helper()
	return w.flow.Complete(t.Context(), connector, w.callback(t, b, connector, c), b.hash)
}

// callback runs the flow up to the callback and returns its query.
func (w *world) callback(t *testing.T, b *browser, connector string, c choice) url.Values {
	t.Helper()
	to, err := w.flow.Start(t.Context(), connector, upstream.StartRequest{Interaction: "sealed", BrowserHash: b.hash})
	if err != nil {
		t.Fatal(err)
	}
	query, err := b.visit(to, c)
	if err != nil {
		t.Fatal(err)
	}
	return query
}
