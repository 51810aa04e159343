package upstream_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

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
