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
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/symbolon-id/symbolon/provider/account"
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
	a, ok := s.rows[hex.EncodeToString(stateHash)]
	delete(s.rows, hex.EncodeToString(stateHash))
	if !ok || !now.Before(a.ExpiresAt) {
		return upstream.Attempt{}, upstream.ErrAttempt
	}
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

func TestHappyPath(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for connector, want := range map[string]account.Proof{
		"google": {
			Issuer: w.google.BaseURL(), Subject: "110248495921238986420", Email: "ada.lovelace@gmail.com", EmailTrust: account.EmailAuthoritative,
			Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Picture: w.google.BaseURL() + "/_sim/photo/ada.svg",
		},
		"corp": {
			Issuer: w.google.BaseURL(), Subject: "110248495921238986420", Audience: "symbolon-at-google", Email: "ada.lovelace@gmail.com",
			Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Picture: w.google.BaseURL() + "/_sim/photo/ada.svg",
		},
		"facebook": {
			Issuer: "https://www.facebook.com", Subject: "10158304728163045", Audience: "1000000000000001", Email: "ada.lovelace@gmail.com",
			Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Picture: w.facebook.BaseURL() + "/_sim/photo/ada.svg?width=256",
		},
	} {
		want.Connector = connector
		done, err := w.signIn(t, newBrowser("ada"), connector, choice{person: "ada"})
		if err != nil {
			t.Errorf("%s: %v", connector, err)
			continue
		}
		if got := done.Proof; !equalProof(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", connector, got, want)
		}
		if done.Interaction != "sealed" {
			t.Errorf("%s: interaction %q", connector, done.Interaction)
		}
	}
}

func equalProof(a, b account.Proof) bool {
	return a.Connector == b.Connector && a.Issuer == b.Issuer && a.Subject == b.Subject && a.Audience == b.Audience && a.Email == b.Email && a.EmailTrust == b.EmailTrust &&
		a.Name == b.Name && a.GivenName == b.GivenName && a.FamilyName == b.FamilyName && a.Picture == b.Picture && a.Locale == b.Locale &&
		a.AuthTime.Equal(b.AuthTime) && len(a.AMR) == len(b.AMR) && a.ACR == b.ACR
}

func TestStartWritesOneRow(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	w.callback(t, b, "google", choice{person: "ada"})
	if w.store.inserts != 1 {
		t.Errorf("%d rows", w.store.inserts)
	}
	for _, a := range w.store.rows {
		if !bytes.HasPrefix(a.CodeVerifier, a.StateHash) {
			t.Error("verifier is not sealed with the state hash")
		}
		if got := a.ExpiresAt.Sub(a.CreatedAt); got != upstream.DefaultLifetime {
			t.Errorf("lifetime %v", got)
		}
	}
	w.google.Close()
	w.build(t, http.DefaultClient)
	_, err := w.flow.Start(t.Context(), "google", upstream.StartRequest{BrowserHash: b.hash})
	if !errors.Is(err, upstream.ErrUnavailable) || w.store.inserts != 1 {
		t.Errorf("dead upstream: %v, %d rows; want ErrUnavailable and no new row", err, w.store.inserts)
	}
	if _, err := w.flow.Start(t.Context(), "facebook", upstream.StartRequest{}); err == nil {
		t.Error("started without a browser hash")
	}
}

func TestCallbackOnlyInTheBrowserThatStartedFD07(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, connector := range []string{"google", "corp", "facebook"} {
		query := w.callback(t, newBrowser("attacker"), connector, choice{person: "ada"})
		for name, hash := range map[string][]byte{"victim": newBrowser("victim").hash, "no cookie": nil} {
			done, err := w.flow.Complete(t.Context(), connector, query, hash)
			if !errors.Is(err, upstream.ErrAttempt) || done.Interaction != "" || done.Proof.Subject != "" {
				t.Errorf("%s, %s: %+v, %v", connector, name, done, err)
			}
		}
		if _, err := w.flow.Complete(t.Context(), connector, query, newBrowser("attacker").hash); !errors.Is(err, upstream.ErrAttempt) {
			t.Errorf("%s: an attempt shown to the wrong browser is still good: %v", connector, err)
		}
	}
	if n := len(w.google.Journal("token")) + len(w.facebook.Journal("token")); n != 0 {
		t.Errorf("%d codes were redeemed", n)
	}
}

func TestCallbackIsBoundToTheConnectorFD09(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	for _, pair := range [][2]string{{"google", "facebook"}, {"facebook", "google"}, {"google", "corp"}, {"google", "removed"}} {
		query := w.callback(t, b, pair[0], choice{person: "ada"})
		if done, err := w.flow.Complete(t.Context(), pair[1], query, b.hash); !errors.Is(err, upstream.ErrAttempt) || done.Interaction != "" {
			t.Errorf("%s answer at %s: %+v, %v", pair[0], pair[1], done, err)
		}
	}
	if n := len(w.google.Journal("token")) + len(w.facebook.Journal("token")); n != 0 {
		t.Errorf("%d codes were redeemed", n)
	}
}

func TestCallbackTwice(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	query := w.callback(t, b, "google", choice{person: "ada"})
	if _, err := w.flow.Complete(t.Context(), "google", query, b.hash); err != nil {
		t.Fatal(err)
	}
	if _, err := w.flow.Complete(t.Context(), "google", query, b.hash); !errors.Is(err, upstream.ErrAttempt) {
		t.Errorf("second time: %v", err)
	}
	if n := len(w.google.Journal("token")); n != 1 {
		t.Errorf("code sent %d times", n)
	}
}

func TestStateMissingDoubledUnknown(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	good := w.callback(t, b, "google", choice{person: "ada"})
	for name, state := range map[string][]string{
		"missing": nil, "empty": {""}, "doubled": {good.Get("state"), good.Get("state")}, "unknown": {"x"}, "long": {strings.Repeat("x", 1<<20)},
	} {
		query := url.Values{"code": good["code"], "iss": good["iss"], "state": state}
		if _, err := w.flow.Complete(t.Context(), "google", query, b.hash); !errors.Is(err, upstream.ErrAttempt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.flow.Complete(t.Context(), "google", good, b.hash); err != nil {
		t.Errorf("the good one afterwards: %v", err)
	}
}

func TestAttemptExpires(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	query := w.callback(t, b, "google", choice{person: "ada"})
	for key, a := range w.store.rows {
		a.ExpiresAt = time.Now()
		w.store.rows[key] = a
	}
	if _, err := w.flow.Complete(t.Context(), "google", query, b.hash); !errors.Is(err, upstream.ErrAttempt) {
		t.Errorf("got %v", err)
	}
}

func TestProfileInTheCallbackIsIgnoredFD12(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, connector := range []string{"google", "facebook"} {
		b := newBrowser("ada")
		query := w.callback(t, b, connector, choice{person: "ada"})
		for _, name := range []string{"sub", "email", "user", "profile", "id", "id_token", "access_token", "name"} {
			query.Set(name, "victim")
		}
		done, err := w.flow.Complete(t.Context(), connector, query, b.hash)
		if err != nil || done.Proof.Name != "Ada Lovelace" || strings.Contains(done.Proof.Subject+done.Proof.Email, "victim") {
			t.Errorf("%s: %+v, %v", connector, done.Proof, err)
		}
		query = w.callback(t, b, connector, choice{person: "ada"})
		query.Del("code")
		query.Set("id_token", "eyJ.eyJ.sig")
		if _, err := w.flow.Complete(t.Context(), connector, query, b.hash); !errors.Is(err, upstream.ErrProtocol) {
			t.Errorf("%s without a code: %v", connector, err)
		}
	}
}

func TestCancelAtTheUpstream(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, connector := range []string{"google", "corp", "facebook"} {
		done, err := w.signIn(t, newBrowser("ada"), connector, choice{})
		if !errors.Is(err, upstream.ErrCancelled) || done.Interaction != "sealed" || done.Proof.Subject != "" {
			t.Errorf("%s: %+v, %v", connector, done, err)
		}
	}
}

func TestAuthorizationErrors(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for code, want := range map[string]error{
		"access_denied": upstream.ErrCancelled, "interaction_required": upstream.ErrCancelled, "server_error": upstream.ErrUnavailable,
		"temporarily_unavailable": upstream.ErrUnavailable, "invalid_request": upstream.ErrMisconfigured, "unauthorized_client": upstream.ErrMisconfigured,
		"invalid_scope": upstream.ErrMisconfigured, "Something <odd>": upstream.ErrProtocol, strings.Repeat("x", 5000): upstream.ErrProtocol,
	} {
		w.google.SetBehaviour(upstreamtest.Behaviour{AuthorizationError: code})
		w.facebook.SetBehaviour(upstreamtest.Behaviour{AuthorizationError: code})
		for _, connector := range []string{"google", "facebook"} {
			done, err := w.signIn(t, newBrowser("ada"), connector, choice{person: "ada"})
			if !errors.Is(err, want) || done.Interaction != "sealed" {
				t.Errorf("%s, %.30q: %v; want %v", connector, code, err, want)
			}
			if err != nil && (strings.Contains(err.Error(), "<odd>") || len(err.Error()) > 300) {
				t.Errorf("error repeats what the upstream sent: %v", err)
			}
		}
	}
}

func TestIssuerParameterRFC9207(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, connector := range []string{"google", "corp"} {
		for name, b := range map[string]upstreamtest.Behaviour{
			"missing": {OmitIssuer: true}, "other": {WrongIssuer: true}, "other, with an error": {WrongIssuer: true, Deny: true},
		} {
			w.google.SetBehaviour(b)
			if _, err := w.signIn(t, newBrowser("ada"), connector, choice{person: "ada"}); !errors.Is(err, upstream.ErrProtocol) {
				t.Errorf("%s, %s: %v", connector, name, err)
			}
		}
	}
	w.google.Reset()
	b := newBrowser("ada")
	query := w.callback(t, b, "facebook", choice{person: "ada"})
	query.Set("iss", w.google.BaseURL())
	if _, err := w.flow.Complete(t.Context(), "facebook", query, b.hash); !errors.Is(err, upstream.ErrProtocol) {
		t.Errorf("Google's iss at Facebook: %v", err)
	}
}

func TestDoubledParametersRFC6749Section3_1(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	for _, name := range []string{"code", "iss"} {
		query := w.callback(t, b, "google", choice{person: "ada"})
		query.Add(name, query.Get(name))
		if _, err := w.flow.Complete(t.Context(), "google", query, b.hash); !errors.Is(err, upstream.ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParallelSignIns(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			connector := []string{"google", "corp", "facebook"}[i%3]
			b := newBrowser(string(rune('a' + i)))
			to, err := w.flow.Start(t.Context(), connector, upstream.StartRequest{Interaction: "sealed", BrowserHash: b.hash})
			if err != nil {
				t.Error(err)
				return
			}
			person := []string{"ada", "grace", "long"}[i/3%3]
			query, err := b.visit(to, choice{person: person})
			if err != nil {
				t.Error(err)
				return
			}
			done, err := w.flow.Complete(t.Context(), connector, query, b.hash)
			if err != nil || !strings.HasPrefix(strings.ToLower(done.Proof.Name), person) && person != "long" {
				t.Errorf("%s as %s: %+v, %v", connector, person, done.Proof, err)
			}
		})
	}
	wg.Wait()
	if n := len(w.google.Journal("jwks")); n > 2 {
		t.Errorf("%d key fetches for two connectors", n)
	}
	if n := len(w.google.Journal("discovery")); n > 2 {
		t.Errorf("%d discovery fetches for two connectors", n)
	}
}

func TestNewFlowReportsEveryMistake(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	facebook, err := upstream.NewFacebook(w.facebook.Config("twice", http.DefaultClient))
	if err != nil {
		t.Fatal(err)
	}
	_, err = upstream.NewFlow(upstream.FlowConfig{Connectors: []upstream.Connector{facebook, facebook}, Lifetime: -time.Second})
	for _, want := range []string{"used twice", "negative", "Store"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}
