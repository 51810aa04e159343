package loginui

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// readForm reads query and body into r.Form and r.PostForm. A parameter that is there twice is nobody's word.
func readForm(r *http.Request) error {
	switch _, err := web.ParseForm(r); {
	case errors.Is(err, web.ErrFormSize):
		return &web.PageError{Kind: web.PageTooLarge, Err: err}
	case err != nil:
		return &web.PageError{Kind: web.PageLinkInvalid, Err: err}
	}
	return nil
}

// interaction reads the form and opens the interaction in it.
func (u *UI) interaction(r *http.Request) (*provider.Interaction, error) {
	if err := readForm(r); err != nil {
		return nil, err
	}
	i, err := u.Interactions.Interaction(r)
	if err != nil {
		return nil, pageError(err)
	}
	return i, nil
}

// clientInteraction is interaction for what only a client's own request may do: a device's is decided on a page of its own, and a sign-in for
// its own sake leaves nothing to decide.
func (u *UI) clientInteraction(r *http.Request) (*provider.Interaction, error) {
	i, err := u.interaction(r)
	if err == nil && i.Client == nil {
		return nil, &web.PageError{Kind: web.PageLinkInvalid}
	}
	return i, err
}

// pageError returns err when it says itself which page it is; anything else is a storage fault.
func pageError(err error) error {
	var e *web.PageError
	if errors.As(err, &e) {
		return e
	}
	return unavailable(err)
}

// formOf names a session and its account in the forms made for it. The sid itself stays out of pages: partners know it.
func formOf(s session.Session) string {
	sum := sha256.Sum256([]byte("form\x00" + s.ID + "\x00" + s.AccountID + "\x00" + s.LoginAt.UTC().Format("20060102150405.000000")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// formIs reports whether a form was made for the session.
func formIs(form string, s session.Session) bool {
	return subtle.ConstantTimeCompare([]byte(form), []byte(formOf(s))) == 1
}
