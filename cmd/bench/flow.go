package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
)

// flow is something partners and people do again and again. Both servers answer it at the same paths.
type flow struct {
	name string
	// prepare gives the worker what n operations need, outside of the measurement; nil: they need nothing.
	prepare func(ctx context.Context, w *worker, n int) error
	operate func(ctx context.Context, w *worker) error
	noBare  bool // there is no bare server for it
}

// worker is one connection: a partner's server, and the browser of somebody who is signed in.
type worker struct {
	partner *load.Partner // signs people in
	service *load.Partner // asks for tokens of its own
	browser *load.Browser
	person  string // at the simulated Google

	tokens load.Tokens // of the operation before
	stock  []string    // codes or tokens, each good for one operation
}

func flows() []flow {
	return []flow{
		{name: "discovery", operate: get("/.well-known/openid-configuration")},
		{name: "jwks", operate: get("/oauth2/jwks")},
		{name: "client_credentials", operate: clientCredentials},
		{name: "authorize", operate: authorize},
		{name: "redemption", prepare: stockCodes, operate: redeem},
		{name: "code_sso", operate: codeFlow},
		{name: "code_fresh", operate: freshSignIn, noBare: true},
		{name: "refresh", prepare: oneGrant, operate: refresh},
		{name: "introspection", prepare: oneGrant, operate: introspect},
		{name: "userinfo", prepare: oneGrant, operate: userInfo},
		{name: "status_list", prepare: oneGrant, operate: statusList},
		{name: "revocation", prepare: stockGrants, operate: revoke},
	}
}

func flowNames() (names []string) {
	for _, f := range flows() {
		names = append(names, f.name)
	}
	return names
}

// flowsNamed returns the flows of a comma-separated list; all of them for "".
func flowsNamed(list string) ([]flow, error) {
	if list == "" {
		return flows(), nil
	}
	var chosen []flow
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(flows(), func(f flow) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no flow %q: choose of %s", name, strings.Join(flowNames(), ", "))
		}
		chosen = append(chosen, flows()[i])
	}
	return chosen, nil
}

func get(path string) func(context.Context, *worker) error {
	return func(ctx context.Context, w *worker) error {
		_, err := w.partner.Document(ctx, path)
		return err
	}
}

func clientCredentials(ctx context.Context, w *worker) error {
	_, err := w.service.ClientCredentials(ctx)
	return err
}

// authorize is the first half of a sign-in at a second app: the session is there and the consent remembered.
func authorize(ctx context.Context, w *worker) error {
	_, err := w.partner.Authorize(ctx, w.browser)
	return err
}

// stockCodes draws codes; they live for a minute.
func stockCodes(ctx context.Context, w *worker, n int) error {
	w.stock = w.stock[:0]
	for range n {
		code, err := w.partner.Authorize(ctx, w.browser)
		if err != nil {
			return err
		}
		w.stock = append(w.stock, code)
	}
	return nil
}

var errStock = errors.New("the stock is used up")

func (w *worker) take() (string, error) {
	if len(w.stock) == 0 {
		return "", errStock
	}
	last := w.stock[len(w.stock)-1]
	w.stock = w.stock[:len(w.stock)-1]
	return last, nil
}

func redeem(ctx context.Context, w *worker) error {
	code, err := w.take()
	if err != nil {
		return err
	}
	_, err = w.partner.Redeem(ctx, code)
	return err
}

// codeFlow is a whole sign-in at a second app.
func codeFlow(ctx context.Context, w *worker) (err error) {
	code, err := w.partner.Authorize(ctx, w.browser)
	if err != nil {
		return err
	}
	w.tokens, err = w.partner.Redeem(ctx, code)
	return err
}

// freshSignIn is a whole sign-in in a browser that has never been here, by way of the simulated Google.
func freshSignIn(ctx context.Context, w *worker) error {
	code, err := w.partner.SignIn(ctx, load.NewBrowser(w.partner.Client), w.person)
	if err != nil {
		return err
	}
	_, err = w.partner.Redeem(ctx, code)
	return err
}

func oneGrant(ctx context.Context, w *worker, _ int) error { return codeFlow(ctx, w) }

func refresh(ctx context.Context, w *worker) (err error) {
	w.tokens, err = w.partner.Refresh(ctx, w.tokens.RefreshToken)
	return err
}

func introspect(ctx context.Context, w *worker) error {
	active, err := w.partner.Introspect(ctx, w.tokens.AccessToken)
	if err == nil && !active {
		err = errors.New("a live token is called inactive")
	}
	return err
}

func userInfo(ctx context.Context, w *worker) error {
	_, err := w.partner.UserInfo(ctx, w.tokens.AccessToken)
	return err
}

// stockGrants makes grants and keeps their refresh tokens.
func stockGrants(ctx context.Context, w *worker, n int) error {
	w.stock = w.stock[:0]
	for range n {
		if err := codeFlow(ctx, w); err != nil {
			return err
		}
		w.stock = append(w.stock, w.tokens.RefreshToken)
	}
	return nil
}

func revoke(ctx context.Context, w *worker) error {
	token, err := w.take()
	if err != nil {
		return err
	}
	return w.partner.Revoke(ctx, token)
}

// statusList fetches the list that says whether the worker's token has been revoked, as its audience would.
func statusList(ctx context.Context, w *worker) error {
	uri, err := w.tokens.StatusList()
	if err != nil {
		return err
	}
	_, err = w.partner.Document(ctx, strings.TrimPrefix(uri, w.partner.Issuer))
	return err
}
