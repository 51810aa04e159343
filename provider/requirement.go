package provider

import (
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/session"
)

// requirement is what is still missing before a code can be issued.
type requirement int

const (
	nothing requirement = iota
	login
	selectAccount
	consentPage
)

// question is all that the decision depends on.
type question struct {
	prompts     []string
	maxAge      *int64 // seconds
	hint        string // subject of the id_token_hint; empty without one
	firstSeenAt time.Time
	denied      bool // the person said no on a page
	allowed     bool // the session's account said yes to this very request

	session *session.Session // nil: nobody is signed in
	scopes  []string
	consent Consent // of the session's account for the client; zero without one
	// skipConsent: an administrator says that the client is the operator's own.
	skipConsent bool
	// impersonable: another app could pose as the client (a public one without an https redirect URI), so an earlier consent proves nothing.
	impersonable bool
}

// requirementOf decides. It is pure: every input is in q.
//
// A person who signs in or chooses an account at or after the moment the request was first seen has answered it, and is not asked again when the
// browser comes back.
func requirementOf(q question) (requirement, *fosite.RFC6749Error) {
	if q.denied {
		return nothing, fosite.ErrAccessDenied.WithHint("The person did not allow it.")
	}
	silent := slices.Contains(q.prompts, "none")
	need, why := signInRequirement(q)
	if why != nil {
		return nothing, why
	}
	if need != nothing {
		if silent { // OIDC Core §3.1.2.1: prompt none
			return nothing, fosite.ErrLoginRequired.WithHint("Nobody is signed in, or a new sign-in is needed, and prompt is none.")
		}
		return need, nil
	}
	if consentMissing(q) {
		if silent {
			return nothing, fosite.ErrConsentRequired.WithHint("The person has not yet allowed this, and prompt is none.")
		}
		return consentPage, nil
	}
	return nothing, nil
}

func signInRequirement(q question) (requirement, *fosite.RFC6749Error) {
	if q.session == nil {
		if slices.Contains(q.prompts, "select_account") {
			return selectAccount, nil
		}
		return login, nil
	}
	signedInSince := !q.session.LoginAt.Before(q.firstSeenAt)
	switch {
	case slices.Contains(q.prompts, "login") && !signedInSince:
		return login, nil
	case slices.Contains(q.prompts, "select_account") && !signedInSince:
		return selectAccount, nil
	case q.maxAge != nil && q.session.AuthTime.Add(time.Duration(*q.maxAge)*time.Second).Before(q.firstSeenAt.Truncate(time.Second)):
		// In whole seconds, as auth_time is.
		if signedInSince {
			return nothing, fosite.ErrLoginRequired.WithHint("The person signed in again, but the login they used cannot prove when. A smaller max_age cannot be met with it.")
		}
		return login, nil
	case q.hint != "" && q.hint != q.session.AccountID:
		if signedInSince { // OIDC Core §3.1.2.2: id_token_hint
			return nothing, fosite.ErrLoginRequired.WithHint("Another person signed in than the one that id_token_hint names.")
		}
		return selectAccount, nil
	}
	return nothing, nil
}

// consentMissing reports whether the person has to be asked. RFC 6819 §5.2.3.2, RFC 8252 §8.6: a client that another app can pose as is asked
// for every time.
func consentMissing(q question) bool {
	onRecord := !q.consent.GrantedAt.IsZero() && containsAll(q.consent.Scopes, q.scopes)
	if slices.Contains(q.prompts, "consent") || q.impersonable {
		return !(q.allowed && onRecord)
	}
	return !q.skipConsent && !onRecord
}
