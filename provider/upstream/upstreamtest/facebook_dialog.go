package upstreamtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// fragment is what Facebook appends to every redirect.
const fragment = "#_=_"

func (f *Facebook) dialog(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !f.checkRequest(w, q) {
		return
	}
	b := f.current()
	person, signedIn := f.signedIn(r)
	granted := f.granted(person.Key)
	switch {
	case b.AuthorizationError != "":
		redirect(w, q.Get("redirect_uri"), url.Values{"error": {b.AuthorizationError}, "state": {q.Get("state")}}, fragment)
	case b.Deny:
		f.deny(w, q)
	case signedIn && len(granted) > 0 && q.Get("auth_type") == "":
		f.issue(w, q, person)
	default:
		c := chooser{Action: r.URL.Path, Request: r.URL.RawQuery, People: f.options.People, Email: slices.Contains(scopesOf(q.Get("scope")), "email")}
		switch q.Get("auth_type") {
		case "reauthenticate":
			c.Reason = "The app asks you to enter your password again."
		case "rerequest":
			c.Reason = "The app asks again for what you declined."
		}
		f.showChooser(w, c)
	}
}

// checkRequest answers on Facebook's own page when client or redirect URI are not right.
func (f *Facebook) checkRequest(w http.ResponseWriter, q url.Values) bool {
	switch {
	case q.Get("client_id") != f.options.ClientID:
		f.refuse(w, "Invalid App ID", "The provided app ID does not look like a valid app ID.")
	case !f.registered(q.Get("redirect_uri")):
		f.refuse(w, "URL Blocked", "The redirect failed because the redirect URI is not on the list of the app's client OAuth settings.")
	case q.Get("response_type") != "" && q.Get("response_type") != "code":
		f.refuse(w, "Invalid response_type", "This simulator knows the code flow only.")
	default:
		return true
	}
	return false
}

// choose takes the person's choice.
func (f *Facebook) choose(w http.ResponseWriter, r *http.Request) {
	q, err := url.ParseQuery(r.PostForm.Get("request"))
	if err != nil || !f.checkRequest(w, q) {
		return
	}
	if r.PostForm.Get("cancel") != "" {
		f.deny(w, q)
		return
	}
	person, ok := find(f.options.People, r.PostForm.Get("person"))
	if !ok {
		f.refuse(w, "Invalid Request", "There is no such person.")
		return
	}
	statuses := map[string]string{"public_profile": "granted"}
	if slices.Contains(scopesOf(q.Get("scope")), "email") {
		statuses["email"] = "declined"
		if r.PostForm.Get("email") != "" {
			statuses["email"] = "granted"
		}
	}
	f.state.Lock()
	f.permissions[person.Key] = statuses
	f.state.Unlock()
	f.signIn(w, person)
	f.issue(w, q, person)
}

func (f *Facebook) issue(w http.ResponseWriter, q url.Values, person Person) {
	code := "AQ" + random() + random()
	f.state.Lock()
	f.codes[code] = &facebookGrant{
		person: person, redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), method: q.Get("code_challenge_method"), issuedAt: time.Now(),
	}
	f.state.Unlock()
	answer := url.Values{"code": {code}, "state": {q.Get("state")}}
	if q.Get("return_scopes") == "true" {
		answer.Set("granted_scopes", strings.Join(f.granted(person.Key), ","))
	}
	redirect(w, q.Get("redirect_uri"), answer, fragment)
}

// deny sends the four parameters of a refusal.
func (f *Facebook) deny(w http.ResponseWriter, q url.Values) {
	redirect(w, q.Get("redirect_uri"), url.Values{
		"error": {"access_denied"}, "error_code": {"200"}, "error_description": {"Permissions error"}, "error_reason": {"user_denied"}, "state": {q.Get("state")},
	}, fragment)
}
