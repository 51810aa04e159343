package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

func TestKeyRotationWithoutRestart(t *testing.T) {
	for _, keepOld := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w, b := bubbleWorld(t)
			for round := range 3 {
				if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
					t.Fatalf("keep %v, round %d: %v", keepOld, round, err)
				}
				w.google.RotateKeys(keepOld)
				time.Sleep(time.Minute)
			}
			if n := len(w.google.Journal("jwks")); n != 3 {
				t.Errorf("%d key fetches for three generations", n)
			}
		})
	}
}

func TestEverySignInMeetsTheRotatedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := bubbleWorld(t)
		if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
			t.Fatal(err)
		}
		w.google.RotateKeys(true)
		w.google.SetBehaviour(upstreamtest.Behaviour{Delay: upstreamtest.Duration(time.Second), At: []string{"jwks"}})
		var signIns sync.WaitGroup
		for range 20 {
			query := w.callback(t, b, "google", choice{person: "ada"})
			signIns.Go(func() {
				if _, err := w.flow.Complete(t.Context(), "google", query, b.hash); err != nil {
					t.Error(err)
				}
			})
		}
		signIns.Wait()
		if n := len(w.google.Journal("jwks")); n != 2 {
			t.Errorf("%d key fetches", n)
		}
	})
}

func TestForgedTokensDoNotHammerTheKeyEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := bubbleWorld(t)
		for i := range 100 {
			fault := []upstreamtest.TokenFault{upstreamtest.TokenBadSignature, upstreamtest.TokenUnknownKey}[i%2]
			w.google.SetBehaviour(upstreamtest.Behaviour{IDToken: fault})
			if _, err := w.signIn(t, b, "google", choice{person: "ada"}); !errors.Is(err, upstream.ErrProtocol) {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		// The first fetch, and one forced by an unknown kid in each of two minutes.
		if n := len(w.google.Journal("jwks")); n != 3 {
			t.Errorf("%d key fetches for 100 forged tokens in 100 s", n)
		}
	})
}

func TestWithdrawnKeyStopsVerifying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := bubbleWorld(t)
		var old upstreamtest.IDToken
		w.google.OnIDToken(func(d upstreamtest.IDToken) string { old = d; return d.Sign() })
		if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
			t.Fatal(err)
		}
		w.google.RotateKeys(false)
		w.google.OnIDToken(func(d upstreamtest.IDToken) string { d.Key, d.Header = old.Key, old.Header; return d.Sign() })
		time.Sleep(20_001 * time.Second) // the max-age of the set
		if _, err := w.signIn(t, b, "google", choice{person: "ada"}); !errors.Is(err, upstream.ErrProtocol) {
			t.Errorf("token of a withdrawn key: %v", err)
		}
	})
}

func TestKeyRotationDuringOutageFT12(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := bubbleWorld(t)
		if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
			t.Fatal(err)
		}
		w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultUnavailable, At: []string{"jwks", "discovery"}})
		time.Sleep(20 * time.Hour) // everything has expired
		for range 5 {
			if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
				t.Fatalf("known keys during the outage: %v", err)
			}
		}
		if n := len(w.google.Journal("jwks")); n > 2 {
			t.Errorf("%d key fetches at a dead endpoint within a moment", n)
		}
		w.google.RotateKeys(false)
		started := time.Now()
		if _, err := w.signIn(t, b, "google", choice{person: "ada"}); !errors.Is(err, upstream.ErrProtocol) {
			t.Errorf("unknown key during the outage: %v", err)
		}
		if d := time.Since(started); d > 8*time.Second { // far less than the time-out of a fetch
			t.Errorf("unknown key refused after %v", d)
		}
		w.google.SetBehaviour(upstreamtest.Behaviour{})
		time.Sleep(time.Minute)
		if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
			t.Errorf("after the outage: %v", err)
		}
		w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultUnavailable, At: []string{"jwks", "discovery"}})
		time.Sleep(72 * time.Hour)
		if _, err := w.flow.Start(t.Context(), "google", upstream.StartRequest{BrowserHash: b.hash}); !errors.Is(err, upstream.ErrUnavailable) {
			t.Errorf("%v after three days without an answer; want ErrUnavailable", err)
		}
	})
}

func TestDeadUpstreamDoesNotStopTheStart(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultUnavailable, At: []string{"discovery"}})
	w.build(t, http.DefaultClient) // NewGoogle and NewOIDC ask nobody
	b := newBrowser("ada")
	if _, err := w.flow.Start(t.Context(), "google", upstream.StartRequest{BrowserHash: b.hash}); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("during the outage: %v", err)
	}
	if _, err := w.signIn(t, b, "facebook", choice{person: "ada"}); err != nil {
		t.Errorf("the other upstream: %v", err)
	}
	w.google.Reset()
	if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
		t.Errorf("recovers alone: %v", err)
	}
}

func TestWarmTriesUntilTheUpstreamAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := bubbleWorld(t)
		w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultUnavailable, At: []string{"discovery"}})
		var done sync.WaitGroup
		done.Go(func() { w.flow.Warm(t.Context()) })
		time.Sleep(10 * time.Second)
		w.google.Reset()
		done.Wait()
		if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
			t.Fatal(err)
		}
		if n := len(w.google.Journal("jwks")); n != 2 {
			t.Errorf("%d key fetches for two connectors: the sign-in had to wait for one", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultUnavailable, At: []string{"discovery"}})
		bubble, _ := bubbleWorld(t)
		bubble.flow.Warm(ctx) // returns
	})
}
