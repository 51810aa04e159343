package upstream_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

func TestFacebookEmailIsNeverProofFD02(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for person, email := range map[string]string{"ada": "ada.lovelace@gmail.com", "jiwoo": ""} {
		done, err := w.signIn(t, newBrowser(person), "facebook", choice{person: person})
		if err != nil || done.Proof.Email != email || done.Proof.EmailTrust != account.EmailUnverified {
			t.Errorf("%s: %+v, %v", person, done.Proof, err)
		}
	}
	done, err := w.signIn(t, newBrowser("declined"), "facebook", choice{person: "ada", keepEmail: true})
	if err != nil || done.Proof.Email != "" {
		t.Errorf("declined: %+v, %v", done.Proof, err)
	}
}

func TestFacebookProfile(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	done, err := w.signIn(t, newBrowser("linus"), "facebook", choice{person: "linus"})
	if err != nil || done.Proof.Picture != "" {
		t.Errorf("silhouette: %+v, %v", done.Proof, err)
	}
	done, err = w.signIn(t, newBrowser("grace"), "facebook", choice{person: "grace"})
	if err != nil || done.Proof.Subject != "90071992547409931" {
		t.Errorf("id over 2^53: %+v, %v", done.Proof, err)
	}
	done, err = w.signIn(t, newBrowser("jiwoo"), "facebook", choice{person: "jiwoo"})
	if err != nil || done.Proof.Name != "박지우" || !done.Proof.AuthTime.IsZero() {
		t.Errorf("Korean name: %+v, %v", done.Proof, err)
	}
}

func TestFacebookRequests(t *testing.T) {
	w := newWorld(t, http.DefaultClient, func(_ *upstream.GoogleConfig, _ *upstream.OIDCConfig, f *upstream.FacebookConfig) {
		f.GraphVersion = "v25.0"
	})
	if _, err := w.signIn(t, newBrowser("ada"), "facebook", choice{person: "ada"}); err != nil {
		t.Fatal(err)
	}
	token, me := w.facebook.Journal("token"), w.facebook.Journal("me")
	if len(token) != 1 || len(me) != 1 {
		t.Fatalf("%d token and %d profile requests", len(token), len(me))
	}
	if token[0].Method != http.MethodPost || token[0].Path != "/v25.0/oauth/access_token" || token[0].Query != "" {
		t.Errorf("secret or code in a URL, or no version: %+v", token[0])
	}
	q, err := url.ParseQuery(me[0].Query)
	if err != nil || q.Get("appsecret_proof") == "" || q.Has("access_token") || me[0].Path != "/v25.0/me" ||
		q.Get("fields") != "id,name,first_name,last_name,email,picture.width(256).height(256)" {
		t.Errorf("%+v", me[0])
	}
}

func TestFacebookErrors(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, c := range []struct {
		code, subcode int
		want          error
	}{
		{100, 36009, upstream.ErrProtocol},
		{100, 36007, upstream.ErrProtocol},
		{100, 36008, upstream.ErrMisconfigured},
		{190, 463, upstream.ErrProtocol},
		{4, 0, upstream.ErrUnavailable},
		{17, 0, upstream.ErrUnavailable},
		{32, 0, upstream.ErrUnavailable},
		{613, 0, upstream.ErrUnavailable},
		{1, 0, upstream.ErrUnavailable},
		{2, 0, upstream.ErrUnavailable},
		{101, 0, upstream.ErrMisconfigured},
		{123456, 0, upstream.ErrProtocol},
	} {
		for _, at := range []string{"token", "me"} {
			w.facebook.SetBehaviour(upstreamtest.Behaviour{GraphError: c.code, GraphSubcode: c.subcode, At: []string{at}})
			done, err := w.signIn(t, newBrowser("ada"), "facebook", choice{person: "ada"})
			if !errors.Is(err, c.want) || done.Interaction != "sealed" {
				t.Errorf("%d/%d at %s: %v; want %v", c.code, c.subcode, at, err, c.want)
			}
		}
	}
}

func TestFacebookDialogErrorWithoutOAuthError(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	for code, want := range map[string]error{"2": upstream.ErrUnavailable, "191": upstream.ErrMisconfigured, "x": upstream.ErrProtocol} {
		query := w.callback(t, b, "facebook", choice{person: "ada"})
		query.Del("code")
		query.Set("error_code", code)
		query.Set("error_message", "Can't load URL")
		if _, err := w.flow.Complete(t.Context(), "facebook", query, b.hash); !errors.Is(err, want) {
			t.Errorf("%s: %v; want %v", code, err, want)
		}
	}
}

func TestNewFacebookReportsEveryMistake(t *testing.T) {
	_, err := upstream.NewFacebook(upstream.FacebookConfig{ID: "-_-", GraphVersion: "26", DialogURL: "http://www.facebook.com", GraphURL: "ftp://x"})
	for _, want := range []string{"id:", "client id", "client secret", "HTTP client", "graph version", "dialog URL", "graph URL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
	c, err := upstream.NewFacebook(upstream.FacebookConfig{ID: "facebook", ClientID: "1", ClientSecret: "s", HTTPClient: http.DefaultClient})
	if err != nil || c.Info().Origins[0] != "https://www.facebook.com" {
		t.Errorf("%v", err)
	}
	to, err := c.Begin(t.Context(), upstream.Begin{RedirectURI: "https://id.example.com/login/facebook/callback", State: "s", CodeChallenge: "c"})
	if err != nil || !strings.HasPrefix(to, "https://www.facebook.com/v26.0/dialog/oauth?") {
		t.Errorf("%s, %v", to, err)
	}
}
