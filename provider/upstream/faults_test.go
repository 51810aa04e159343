package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

func TestUpstreamGarbageFT11(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	for _, c := range []struct {
		fault upstreamtest.Fault
		want  error
	}{
		{upstreamtest.FaultUnavailable, upstream.ErrUnavailable},
		{upstreamtest.FaultRateLimit, upstream.ErrUnavailable},
		{upstreamtest.FaultGarbage, upstream.ErrUnavailable},
		{upstreamtest.FaultTruncated, upstream.ErrUnavailable},
		{upstreamtest.FaultHTML, upstream.ErrUnavailable},
		{upstreamtest.FaultHTMLOK, upstream.ErrUnavailable},
		{upstreamtest.FaultHuge, upstream.ErrUnavailable},
		{upstreamtest.FaultGzipBomb, upstream.ErrUnavailable},
	} {
		for _, at := range []struct{ connector, endpoint string }{
			{"google", "discovery"}, {"google", "jwks"}, {"google", "token"}, {"corp", "token"}, {"facebook", "token"}, {"facebook", "me"},
		} {
			w.build(t, http.DefaultClient)
			behaviour := upstreamtest.Behaviour{Fault: c.fault, At: []string{at.endpoint}}
			w.google.SetBehaviour(behaviour)
			w.facebook.SetBehaviour(behaviour)
			to, err := w.flow.Start(t.Context(), at.connector, upstream.StartRequest{Interaction: "sealed", BrowserHash: b.hash})
			if err == nil {
				query, visitErr := b.visit(to, choice{person: "ada"})
				if visitErr != nil {
					t.Fatal(visitErr)
				}
				var done upstream.Completion
				done, err = w.flow.Complete(t.Context(), at.connector, query, b.hash)
				if done.Interaction != "sealed" {
					t.Errorf("%s at %s %s: interaction lost", c.fault, at.connector, at.endpoint)
				}
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%s at %s %s: %v; want %v", c.fault, at.connector, at.endpoint, err, c.want)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("%s at %s %s: error of %d bytes", c.fault, at.connector, at.endpoint, len(err.Error()))
			}
			w.google.SetBehaviour(upstreamtest.Behaviour{})
			w.facebook.SetBehaviour(upstreamtest.Behaviour{})
			if _, err := w.signIn(t, b, at.connector, choice{person: "ada"}); err != nil {
				t.Errorf("%s at %s %s, afterwards: %v (garbage was cached)", c.fault, at.connector, at.endpoint, err)
			}
		}
	}
}

func TestErrorWithStatus200(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultErrorOK})
	if _, err := w.signIn(t, newBrowser("ada"), "google", choice{person: "ada"}); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, at := range []struct{ connector, endpoint string }{{"google", "token"}, {"corp", "token"}, {"facebook", "token"}, {"facebook", "me"}} {
		behaviour := upstreamtest.Behaviour{Fault: upstreamtest.FaultRedirect, At: []string{at.endpoint}}
		w.google.SetBehaviour(behaviour)
		w.facebook.SetBehaviour(behaviour)
		if _, err := w.signIn(t, newBrowser("ada"), at.connector, choice{person: "ada"}); !errors.Is(err, upstream.ErrProtocol) {
			t.Errorf("%s %s: %v", at.connector, at.endpoint, err)
		}
	}
	w.build(t, http.DefaultClient)
	w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultRedirect, At: []string{"discovery"}})
	if _, err := w.flow.Start(t.Context(), "google", upstream.StartRequest{BrowserHash: newBrowser("ada").hash}); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("discovery: %v", err)
	}
	if n := len(w.google.Journal("canary")) + len(w.facebook.Journal("canary")); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestCodeIsSentExactlyOnce(t *testing.T) {
	w := newWorld(t, http.DefaultClient, func(g *upstream.GoogleConfig, o *upstream.OIDCConfig, f *upstream.FacebookConfig) {
		g.ClientSecret, o.ClientSecret, f.ClientSecret = "wrong", "wrong", "wrong"
	})
	for _, connector := range []string{"google", "corp", "facebook"} {
		w.google.Reset()
		w.facebook.Reset()
		if _, err := w.signIn(t, newBrowser("ada"), connector, choice{person: "ada"}); !errors.Is(err, upstream.ErrMisconfigured) {
			t.Errorf("%s with a wrong secret: %v; want ErrMisconfigured", connector, err)
		}
		if n := len(w.google.Journal("token")) + len(w.facebook.Journal("token")); n != 1 {
			t.Errorf("%s: code sent %d times", connector, n)
		}
	}
}

func TestHangObeysTimeoutAndContext(t *testing.T) {
	for _, at := range []struct{ connector, endpoint string }{{"google", "token"}, {"facebook", "token"}, {"facebook", "me"}, {"google", "jwks"}} {
		synctest.Test(t, func(t *testing.T) {
			w, b := bubbleWorld(t)
			query := w.callback(t, b, at.connector, choice{person: "ada"})
			again := w.callback(t, b, at.connector, choice{person: "ada"})
			behaviour := upstreamtest.Behaviour{Fault: upstreamtest.FaultHang, At: []string{at.endpoint}}
			w.google.SetBehaviour(behaviour)
			w.facebook.SetBehaviour(behaviour)
			started := time.Now()
			_, err := w.flow.Complete(t.Context(), at.connector, query, b.hash)
			if d := time.Since(started); !errors.Is(err, upstream.ErrUnavailable) || d > 11*time.Second {
				t.Errorf("%s %s: %v after %v", at.connector, at.endpoint, err, d)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			started = time.Now()
			_, err = w.flow.Complete(ctx, at.connector, again, b.hash)
			if d := time.Since(started); !errors.Is(err, upstream.ErrUnavailable) || d > 8*time.Second {
				t.Errorf("%s %s, cancelled: %v after %v", at.connector, at.endpoint, err, d)
			}
			time.Sleep(20 * time.Second) // the shared fetch gives up as well
		})
	}
}

func TestOneSlowUpstreamDoesNotBlockOthersSS03(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := bubbleWorld(t)
		w.google.SetBehaviour(upstreamtest.Behaviour{Fault: upstreamtest.FaultHang, At: []string{"discovery"}})
		for range 50 {
			go w.flow.Start(t.Context(), "google", upstream.StartRequest{BrowserHash: b.hash})
		}
		synctest.Wait()
		started := time.Now()
		if _, err := w.signIn(t, b, "facebook", choice{person: "ada"}); err != nil || time.Since(started) > 0 {
			t.Errorf("%v after %v", err, time.Since(started))
		}
		if n := len(w.google.Journal("discovery")); n != 1 {
			t.Errorf("50 visitors made %d requests to the slow upstream", n)
		}
		time.Sleep(20 * time.Second)
	})
}

func TestOutgoingRequestsCarryNoCookiesSS04(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, connector := range []string{"google", "facebook"} {
		if _, err := w.signIn(t, newBrowser("ada"), connector, choice{person: "ada"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range append(append(w.google.Journal("token"), w.google.Journal("jwks")...), append(w.facebook.Journal("token"), w.facebook.Journal("me")...)...) {
		if r.Header.Get("Cookie") != "" || r.Header.Get("Referer") != "" {
			t.Errorf("%s carries %v", r.Endpoint, r.Header)
		}
	}
}
