package upstreamtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (g *Google) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !g.checkRequest(w, q) {
		return
	}
	b := g.current()
	prompt := strings.Fields(q.Get("prompt"))
	person, signedIn := g.signedIn(r)
	g.state.Lock()
	consented := g.consent[person.Key]
	g.state.Unlock()
	switch {
	case b.AuthorizationError != "":
		g.fail(w, q, b.AuthorizationError)
	case b.Deny:
		g.fail(w, q, "access_denied")
	case q.Get("response_type") != "code":
		g.fail(w, q, "unsupported_response_type")
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		g.fail(w, q, "invalid_scope")
	case slices.ContainsFunc(prompt, func(p string) bool { return p != "none" && p != "consent" && p != "select_account" }):
		g.fail(w, q, "invalid_request") // Google knows no prompt=login
	case signedIn && consented && !slices.Contains(prompt, "consent") && !slices.Contains(prompt, "select_account") && fits(person, q.Get("hd")):
		g.issue(w, q, person, true)
	case slices.Contains(prompt, "none"):
		g.fail(w, q, "interaction_required")
	default:
		c := chooser{Action: "/o/oauth2/v2/auth/choose", Request: r.URL.RawQuery, Email: slices.Contains(strings.Fields(q.Get("scope")), "email")}
		for _, p := range g.options.People {
			if fits(p, q.Get("hd")) {
				c.People = append(c.People, p)
			}
			if hint := q.Get("login_hint"); hint != "" && (hint == p.Email || hint == p.Subject) {
				c.Hint = p.Key
			}
		}
		g.showChooser(w, c)
	}
}

// fits says whether the account list filtered by hd shows the person.
func fits(p Person, hd string) bool {
	return hd == "" || hd == p.HostedDomain || hd == "*" && p.HostedDomain != ""
}

// checkRequest answers on Google's own page when client or redirect URI are not right: then there is nowhere to send an error to.
func (g *Google) checkRequest(w http.ResponseWriter, q url.Values) bool {
	switch {
	case q.Get("client_id") != g.options.ClientID:
		g.refuse(w, "invalid_client", "The OAuth client was not found.")
	case !g.registered(q.Get("redirect_uri")):
		g.refuse(w, "redirect_uri_mismatch", "The redirect URI in the request does not match the ones authorized for the client.")
	default:
		return true
	}
	return false
}

// choose takes the person's choice.
func (g *Google) choose(w http.ResponseWriter, r *http.Request) {
	q, err := url.ParseQuery(r.PostForm.Get("request"))
	if err != nil || !g.checkRequest(w, q) {
		return
	}
	if r.PostForm.Get("cancel") != "" {
		g.fail(w, q, "access_denied")
		return
	}
	person, ok := find(g.options.People, r.PostForm.Get("person"))
	if !ok {
		g.refuse(w, "invalid_request", "There is no such person.")
		return
	}
	g.signIn(w, person)
	g.issue(w, q, person, r.PostForm.Get("email") != "")
}

// issue makes a code and sends the browser back with it.
func (g *Google) issue(w http.ResponseWriter, q url.Values, person Person, shareEmail bool) {
	scopes := strings.Fields(q.Get("scope"))
	if !shareEmail {
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == "email" })
	}
	grant := &googleGrant{
		person: person, redirectURI: q.Get("redirect_uri"), nonce: q.Get("nonce"), scopes: scopes,
		challenge: q.Get("code_challenge"), method: q.Get("code_challenge_method"),
	}
	g.state.Lock()
	// A refresh token comes with the first consent only, or when consent is asked for again.
	grant.offline = q.Get("access_type") == "offline" && (!g.consent[person.Key] || q.Get("prompt") == "consent")
	g.consent[person.Key] = shareEmail
	code := "4/0" + random()
	g.codes[code] = grant
	g.state.Unlock()
	g.respond(w, q, url.Values{"code": {code}, "scope": {strings.Join(fullScopes(scopes), " ")}, "authuser": {"0"}, "prompt": {"none"}})
}

func (g *Google) fail(w http.ResponseWriter, q url.Values, code string) {
	g.respond(w, q, url.Values{"error": {code}})
}

// respond adds state and iss (RFC 9207) to an answer.
func (g *Google) respond(w http.ResponseWriter, q, answer url.Values) {
	if state := q.Get("state"); state != "" {
		answer.Set("state", state)
	}
	b := g.current()
	switch {
	case b.OmitIssuer:
	case b.WrongIssuer:
		answer.Set("iss", "https://issuer.example")
	default:
		answer.Set("iss", g.BaseURL())
	}
	redirect(w, q.Get("redirect_uri"), answer, "")
}

// fullScopes is how Google writes granted scopes: in another order, the old ones as URLs.
func fullScopes(scopes []string) []string {
	full := make([]string, 0, len(scopes))
	for _, s := range slices.Backward(scopes) {
		if s == "email" || s == "profile" {
			s = "https://www.googleapis.com/auth/userinfo." + s
		}
		full = append(full, s)
	}
	return full
}
