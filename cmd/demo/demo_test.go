package main

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// onFreePorts is the command line that takes any free ports.
func onFreePorts() options {
	return options{provider: "localhost:0", books: "127.0.0.1:0", radio: "127.0.0.1:0", google: "127.0.0.1:0", facebook: "127.0.0.1:0"}
}

// startDemo starts a demo with its data in dir, for one test.
func startDemo(t *testing.T, dir string) *demo {
	t.Helper()
	l, err := listen(onFreePorts())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	d, err := start(t.Context(), l, dir, slog.New(slog.NewTextHandler(&logToTest{t: t}, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// logToTest shows the log of a test that fails.
type logToTest struct{ t *testing.T }

// Write implements io.Writer.
func (l *logToTest) Write(p []byte) (int, error) {
	l.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// signIn takes the visitor from the partner's button through a first sign-in at the upstream.
func (v *visitor) signIn(partner, upstream, person string) {
	v.t.Helper()
	v.open(partner)
	v.press("sign-in")
	v.press("login-" + upstream)
	v.press("person-" + person)
	v.press("consent-allow")
	v.wantAt(partner + "/")
}

// signInAgain takes a visitor whom the provider knows to an app that is new to them.
func (v *visitor) signInAgain(partner string) {
	v.t.Helper()
	v.open(partner)
	v.press("sign-in")
	v.press("consent-allow")
	v.wantAt(partner + "/")
}

func TestFirstSignIn(t *testing.T) {
	d := startDemo(t, t.TempDir())
	t.Run("with Google", func(t *testing.T) {
		v := newVisitor(t)
		v.signIn(d.books, "google", "ada")
		v.wantIn("greeting", "Ada Lovelace")
		v.wantIn("id-token", d.issuer, booksID, `"nonce"`)
	})
	t.Run("with Facebook, by somebody without an e-mail address", func(t *testing.T) {
		v := newVisitor(t)
		v.signIn(d.books, "facebook", "jiwoo")
		v.wantIn("greeting", "박지우")
	})
	t.Run("in Korean", func(t *testing.T) {
		v := newVisitor(t)
		v.lang = "ko-KR,ko;q=0.9,en;q=0.5"
		v.open(d.books)
		v.press("sign-in")
		v.wantIn("login-google", "Google로 계속하기")
	})
}

func TestSingleSignOn(t *testing.T) {
	d := startDemo(t, t.TempDir())
	v := newVisitor(t)
	v.signIn(d.books, "google", "ada")

	v.open(d.radio)
	v.press("sign-in")
	v.wantAt(d.issuer + "/consent") // known already: only the question what the second app may see
	v.press("consent-allow")
	v.wantIn("greeting", "Ada Lovelace")

	v.press("log-out")
	v.wantAt(d.radio + "/signed-out")
	v.wantIn("signed-out", "You are signed out")
	v.press("sign-in")
	v.wantAt(d.issuer + "/login") // the log-out reached the provider's session
	v.press("login-google")
	v.wantAt(d.radio + "/") // the simulated Google still knows the browser, and the consent is remembered

	// A third visit shows no page at all.
	v.open(d.radio)
	v.wantIn("greeting", "Ada Lovelace")
}

// TestReturnAfterSignIn shows that a page for people who have signed in is shown once they have.
func TestReturnAfterSignIn(t *testing.T) {
	d := startDemo(t, t.TempDir())
	v := newVisitor(t)
	v.open(d.books + "/account")
	v.wantAt(d.issuer + "/login")
	v.press("login-google")
	v.press("person-ada")
	v.press("consent-allow")
	v.wantAt(d.books + "/account")
	v.wantIn("visits", "once")
}

func TestConsentIsRemembered(t *testing.T) {
	d := startDemo(t, t.TempDir())
	v := newVisitor(t)
	v.signIn(d.radio, "google", "grace")
	v.open(d.radio + "/sign-in")
	v.wantAt(d.radio + "/")
	if want := []string{"/sign-in", "/oauth2/authorize", "/callback", "/"}; !slices.Equal(v.steps, want) {
		t.Errorf("the second sign-in went through %v, want %v", v.steps, want)
	}
}

func TestTools(t *testing.T) {
	d := startDemo(t, t.TempDir())
	v := newVisitor(t)
	v.signIn(d.books, "google", "ada")
	v.press("call-api")
	v.wantIn("api-result", "200 OK", "The Half-Coin", `"iss": "`+d.issuer+`"`, `"visits": 1`)
	v.wantIn("api-claims", `"alg": "ES256"`, `"typ": "at+jwt"`, d.books+"/api/shelf", `"scope": "openid profile email shelf"`)
	v.press("ask-introspection")
	v.wantIn("introspection-result", `"active": true`, `"client_id": "`+booksID+`"`)
	v.press("refresh")
	v.wantIn("refreshed", "once")
	v.press("refresh")
	v.wantIn("refreshed", "2 times")
	v.press("call-api")
	v.wantIn("api-result", "200 OK")
}

func TestDenial(t *testing.T) {
	d := startDemo(t, t.TempDir())
	t.Run("at the upstream", func(t *testing.T) {
		for _, upstream := range []string{"google", "facebook"} {
			v := newVisitor(t)
			v.open(d.books)
			v.press("sign-in")
			v.press("login-" + upstream)
			v.press("cancel")
			v.wantAt(d.issuer + "/login")
			if v.element("login-"+upstream) == nil || !strings.Contains(v.text, `role="alert"`) {
				t.Errorf("%s: no notice, or no second chance:\n%s", upstream, v.text)
			}
			v.press("login-cancel")
			v.wantAt(d.books + "/")
			v.wantIn("error", "access_denied")
		}
	})
	t.Run("at consent", func(t *testing.T) {
		v := newVisitor(t)
		v.open(d.books)
		v.press("sign-in")
		v.press("login-google")
		v.press("person-grace")
		v.press("consent-deny")
		v.wantAt(d.books + "/")
		v.wantIn("error", "access_denied")
		if v.element("greeting") != nil {
			t.Error("signed in all the same")
		}
	})
}

func TestTwoAppsInterleaved(t *testing.T) {
	d := startDemo(t, t.TempDir())
	books := newVisitor(t)
	radio := newVisitor(t) // another tab of the same browser
	radio.client.Jar = books.client.Jar

	books.open(d.books)
	books.press("sign-in")
	radio.open(d.radio)
	radio.press("sign-in")
	books.press("login-google")
	radio.press("login-facebook")
	books.press("person-ada")
	books.wantAt(d.issuer + "/consent")
	radio.press("person-grace") // now the browser is Grace's
	radio.wantAt(d.issuer + "/consent")
	radio.press("consent-allow")
	radio.wantIn("greeting", "Grace Hopper")

	// The first tab still shows what Ada was asked. Nobody may answer it for Grace without having seen it.
	books.press("consent-allow")
	books.wantAt(d.issuer + "/consent")
	books.press("consent-allow")
	books.wantIn("greeting", "Grace Hopper")
}

func TestDataIsKept(t *testing.T) {
	dir := t.TempDir()
	first := startDemo(t, dir)
	v := newVisitor(t)
	v.signIn(first.books, "google", "ada")
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := startDemo(t, dir) // on other ports, with new secrets for the same clients
	v.open(second.books)
	v.press("sign-in")
	v.wantAt(second.books + "/") // session and consent have outlived the restart: no page is shown
	v.wantIn("greeting", "Ada Lovelace")
}

func TestCommandLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		name   string
		args   []string
		status int
		says   []string
	}{
		{"a port in use names the flag", []string{"-radio-addr", taken.Addr().String()}, 1, []string{taken.Addr().String(), "in use", "-radio-addr"}},
		{"addresses that others can reach are refused", []string{"-google-addr", "0.0.0.0:0"}, 2, []string{"-google-addr", "loopback"}},
		{"an address without a port is refused", []string{"-addr", "localhost"}, 2, []string{"-addr", "host:port"}},
		{"unknown arguments are refused", []string{"please"}, 2, []string{"please"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := append([]string{
				"-addr", "localhost:0", "-books-addr", "127.0.0.1:0", "-radio-addr", "127.0.0.1:0",
				"-google-addr", "127.0.0.1:0", "-facebook-addr", "127.0.0.1:0",
			}, test.args...)
			if status := run(args, &stdout, &stderr, time.Now()); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			message := stderr.String()
			if strings.Count(message, "\n") != 1 {
				t.Errorf("not one line: %q", message)
			}
			for _, text := range test.says {
				if !strings.Contains(message, text) {
					t.Errorf("%q does not say %q", message, text)
				}
			}
		})
	}
}

func TestConfigurationCanBeUsedByTheCommands(t *testing.T) {
	d := startDemo(t, t.TempDir())
	text := d.welcome(time.Second, onFreePorts())
	for _, want := range []string{d.books, d.radio, "client create -c " + d.configuration, d.issuer, "user block -c " + d.configuration, "401 after at most 6s"} {
		if !strings.Contains(text, want) {
			t.Errorf("the welcome does not say %q:\n%s", want, text)
		}
	}
	if info, err := os.Stat(filepath.Join(filepath.Dir(d.configuration), "demo.db.secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the root secret: %v, %v", info, err)
	}
}
