package upstream_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

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
		if _, err := w.flow.Complete(t.Context(), connector, query, newBrowser("attacker").hash); !errors.Is(err, upstream.ErrSpent) {
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
	if _, err := w.flow.Complete(t.Context(), "google", query, b.hash); !errors.Is(err, upstream.ErrSpent) {
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
