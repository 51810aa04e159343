package provider

import (
	"net/http"
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
	maxAge      *int64        // seconds
	claims      claimsRequest // with the subject of the id_token_hint among its subjects
	firstSeenAt time.Time
	denied      bool // the person said no on a page
	allowed     bool // the session's account said yes to this very request

	session *session.Session // nil: nobody is signed in
	subject string           // the "sub" of the session's account for the client
	scopes  []string         // that the person has to have allowed
	details string           // authorization details that the person has to allow too; empty: none
	consent Consent          // of the session's account for the client; zero without one
	// skipConsent: an administrator says that the client is the operator's own.
	skipConsent bool
	// impersonable: another app could pose as the client (a public one without an https redirect URI), so an earlier consent proves nothing.
	impersonable bool
}

// requirementOf decides. It is pure: every input is in q.
//
// A person who signs in or chooses an account after the moment the request was first seen has answered it, and is not asked again when the
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
		if choosesAccount(q) {
			return selectAccount, nil
		}
		return login, nil
	}
	// Both are kept in milliseconds: a log-in in the very millisecond of the request may have come before it, and does not answer it.
	signedInSince := q.session.LoginAt.After(q.firstSeenAt)
	switch {
	case slices.Contains(q.prompts, "login") && !signedInSince:
		return login, nil
	case choosesAccount(q) && !signedInSince:
		return selectAccount, nil
	case q.maxAge != nil && tooOld(q, signedInSince):
		if signedInSince {
			return nothing, fosite.ErrLoginRequired.WithHint("The person signed in again, but the login they used cannot prove when. A smaller max_age cannot be met with it.")
		}
		return login, nil
	case anotherPerson(q):
		if signedInSince { // OIDC Core §3.1.2.2: id_token_hint, sub in claims
			return nothing, fosite.ErrLoginRequired.WithHint("Another person signed in than the one that id_token_hint, or sub in claims, names.")
		}
		return selectAccount, nil
	case q.claims.acrs != nil && !slices.Contains(q.claims.acrs, q.session.ACR):
		if signedInSince { // OIDC Core §5.5.1.1
			return nothing, errUnmetAuthentication
		}
		return login, nil
	}
	return nothing, nil
}

// errUnmetAuthentication has its code from the OpenID specification named after it. We say what an upstream has proven, and never more.
var errUnmetAuthentication = &fosite.RFC6749Error{
	ErrorField: "unmet_authentication_requirements", DescriptionField: "The sign-in does not prove an acr that claims asks for as essential.", CodeField: http.StatusForbidden,
}

// anotherPerson reports whether the request is for somebody else than who is signed in.
func anotherPerson(q question) bool {
	return slices.ContainsFunc(q.claims.subjects, func(allowed []string) bool { return !slices.Contains(allowed, q.subject) })
}

// wantsProof reports whether a sign-in has to prove the person anew: somebody is signed in already, or the request says how fresh it must be.
func wantsProof(q question) bool {
	return q.session != nil || q.maxAge != nil || slices.Contains(q.prompts, "login")
}

// choosesAccount: a person who is to make an account (OIDC Prompt Create §4.1) chooses at the upstream, as one who is to pick an account does:
// the first sign-in with a login makes the account.
func choosesAccount(q question) bool {
	return slices.Contains(q.prompts, "select_account") || slices.Contains(q.prompts, "create")
}

// tooOld reports whether the sign-in is older than max_age allows, counted back from when the request was first seen. An upstream's word for the
// time of a sign-in that answers this very request comes in whole seconds.
func tooOld(q question, signedInSince bool) bool {
	limit := q.firstSeenAt.Add(-time.Duration(*q.maxAge) * time.Second)
	if signedInSince {
		return q.session.AuthTime.Before(limit.Truncate(time.Second))
	}
	return *q.maxAge == 0 || q.session.AuthTime.Before(limit) // OIDC Core §3.1.2.1: max_age 0 is prompt=login
}

// consentMissing reports whether the person has to be asked (OIDC Core §3.1.2.4). RFC 6819 §5.2.3.2, RFC 8252 §8.6: a client that another app can pose as is asked
// for every time.
func consentMissing(q question) bool {
	onRecord := !q.consent.GrantedAt.IsZero() && containsAll(q.consent.Scopes, q.scopes)
	// RFC 9396 §3: each payment is another one, so an earlier answer says nothing about what is asked for now.
	if slices.Contains(q.prompts, "consent") || q.impersonable || q.details != "" && !q.skipConsent {
		return !(q.allowed && onRecord)
	}
	return !q.skipConsent && !onRecord
}
