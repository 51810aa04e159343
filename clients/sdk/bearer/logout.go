package bearer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

const (
	maxLogoutBody = 16 << 10
	maxLogouts    = 100_000
)

// Logout says that a person's session at the issuer has ended. At least one of Subject and SessionID is set; a log-out without SessionID ends all
// sessions of the subject.
type Logout struct {
	Issuer    string
	Subject   string
	SessionID string
	ID        string // "jti"
	IssuedAt  time.Time
}

// LogoutHandler receives log-out tokens (OIDC Back-Channel Logout §2.5) at the URI that the client has registered as backchannel_logout_uri.
// From then on the Verifier refuses the session's tokens that have been issued so far, and does not wait for the status list.
//
// clientID is the client's id, the audience of log-out tokens. ended, if not nil, ends the partner's own session; when it returns an error the
// issuer is told that the log-out failed, so that it may try again. The same log-out token again is answered with success and not handled twice.
//
// It panics if clientID is empty.
func (v *Verifier) LogoutHandler(clientID string, ended func(context.Context, Logout) error) http.Handler {
	if clientID == "" {
		panic("bearer: LogoutHandler without a client id")
	}
	h := &logoutHandler{verifier: v, clientID: clientID, ended: ended, handled: expiring{limit: maxLogouts}}
	return http.HandlerFunc(h.serve)
}

type logoutHandler struct {
	verifier *Verifier
	clientID string
	ended    func(context.Context, Logout) error
	handled  expiring
}

func (h *logoutHandler) serve(w http.ResponseWriter, r *http.Request) {
	// OIDC Back-Channel Logout §2.8: no answer may be cached; a log-out that is invalid or failed is answered with 400.
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	token, err := logoutToken(w, r)
	if err == nil {
		err = h.handle(r.Context(), token)
	}
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	e := &Error{Status: http.StatusBadRequest, Code: codeInvalidRequest, Description: "The log-out token is refused, or the log-out failed.", cause: err}
	if h.verifier.config.OnRefuse != nil {
		h.verifier.config.OnRefuse(r, e)
	}
	body, _ := json.Marshal(map[string]string{"error": e.Code, "error_description": e.Description}) // strings only: cannot fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_, _ = w.Write(append(body, '\n'))
}

// logoutToken returns the token of the request's form. Parameters that are not known are ignored (OIDC Back-Channel Logout §2.5).
func logoutToken(w http.ResponseWriter, r *http.Request) (string, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return "", errors.New("not a form")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLogoutBody))
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", err
	}
	if n := len(form["logout_token"]); n != 1 {
		return "", errors.New("not exactly one logout_token")
	}
	return form.Get("logout_token"), nil
}

func (h *logoutHandler) handle(ctx context.Context, token string) error {
	l, expiresAt, err := h.verifier.openLogout(ctx, token, h.clientID)
	if err != nil {
		return err
	}
	// OIDC Back-Channel Logout §2.6: the same jti again is a replay, or a delivery whose answer was lost. There is nothing left to do.
	first, err := h.handled.use(l.ID, expiresAt.Add(h.verifier.config.ClockSkew))
	if err != nil || !first {
		return err
	}
	if err = h.verifier.deny(l); err == nil && h.ended != nil {
		err = h.ended(ctx, l)
	}
	if err != nil {
		h.handled.release(l.ID)
	}
	return err
}

// deny refuses from now on what the log-out ends. A node of the issuer's whose clock is ahead may have issued a token of the session just before:
// its time is allowed for. A subject may sign in again at once, so there it is not.
func (v *Verifier) deny(l Logout) error {
	c := &v.config
	until := l.IssuedAt.Add(c.MaxTokenLifetime + 2*c.ClockSkew)
	if l.SessionID != "" {
		return v.denied.add(deniedKey{session: l.SessionID}, denial{issuedUpTo: l.IssuedAt.Add(c.ClockSkew), until: until})
	}
	return v.denied.add(deniedKey{subject: l.Subject}, denial{issuedUpTo: l.IssuedAt, until: until})
}
