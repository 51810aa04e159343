package upstreamtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	codeLifetime  = 10 * time.Minute
	shortLifetime = 2 * time.Hour
	longLifetime  = 60 * 24 * time.Hour
)

func (f *Facebook) accessToken(w http.ResponseWriter, r *http.Request) {
	b := f.current()
	form := r.Form
	switch {
	case b.GraphError != 0 && b.hits("token"):
		graphFault(w, http.StatusBadRequest, b.GraphError, b.GraphSubcode, "Simulated error")
	case form.Get("client_id") != f.options.ClientID:
		graphFault(w, http.StatusBadRequest, 101, 0, "Error validating application. Cannot get application info due to a system error.")
	case form.Get("client_secret") != f.options.ClientSecret:
		graphFault(w, http.StatusBadRequest, 1, 0, "Error validating client secret.")
	case form.Get("grant_type") == "client_credentials":
		answerJSON(w, http.StatusOK, map[string]any{"access_token": f.appToken(), "token_type": "bearer"})
	case form.Get("grant_type") == "fb_exchange_token":
		f.exchange(w, form)
	default:
		f.redeem(w, form)
	}
}

// redeem spends a code.
func (f *Facebook) redeem(w http.ResponseWriter, form url.Values) {
	f.state.Lock()
	defer f.state.Unlock()
	grant, ok := f.codes[form.Get("code")]
	switch {
	case !ok:
		graphFault(w, http.StatusBadRequest, 100, 0, "Invalid verification code format.")
	case grant.spent:
		graphFault(w, http.StatusBadRequest, 100, 36009, "This authorization code has been used.")
	case time.Since(grant.issuedAt) > codeLifetime:
		graphFault(w, http.StatusBadRequest, 100, 36007, "This authorization code has expired.")
	case grant.redirectURI != form.Get("redirect_uri"):
		graphFault(w, http.StatusBadRequest, 100, 36008, "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request")
	case !proves(grant.challenge, grant.method, form.Get("code_verifier")):
		grant.spent = true
		graphFault(w, http.StatusBadRequest, 100, 0, "Invalid code_verifier.")
	default:
		grant.spent = true
		f.answerToken(w, grant, shortLifetime)
	}
}

// exchange swaps a short-lived token for a long-lived one.
func (f *Facebook) exchange(w http.ResponseWriter, form url.Values) {
	f.state.Lock()
	defer f.state.Unlock()
	grant, ok := f.tokens[form.Get("fb_exchange_token")]
	if !ok {
		graphFault(w, http.StatusBadRequest, 190, 0, "Invalid OAuth access token.")
		return
	}
	f.answerToken(w, grant, longLifetime)
}

func (f *Facebook) answerToken(w http.ResponseWriter, grant *facebookGrant, lifetime time.Duration) {
	token := "EAA" + random() + random()
	f.tokens[token] = grant
	answerJSON(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "bearer", "expires_in": int(lifetime.Seconds())})
}

func (f *Facebook) appToken() string { return f.options.ClientID + "|" + f.options.ClientSecret }

// authorized returns the person whose token the request carries, in the query or as Bearer, with the proof that our app uses it.
func (f *Facebook) authorized(w http.ResponseWriter, r *http.Request) (*facebookGrant, bool) {
	token := r.Form.Get("access_token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	f.state.Lock()
	grant, ok := f.tokens[token]
	f.state.Unlock()
	if b := f.current(); b.GraphError != 0 && b.hits("me") {
		graphFault(w, http.StatusBadRequest, b.GraphError, b.GraphSubcode, "Simulated error with "+token)
		return nil, false
	}
	if !ok {
		graphFault(w, http.StatusBadRequest, 190, 0, "Invalid OAuth access token - Cannot parse access token")
		return nil, false
	}
	proof := r.Form.Get("appsecret_proof")
	mac := hmac.New(sha256.New, []byte(f.options.ClientSecret))
	mac.Write([]byte(token))
	right := hmac.Equal([]byte(proof), []byte(hex.EncodeToString(mac.Sum(nil))))
	if !right && (proof != "" || !f.SkipAppSecretProof) {
		graphFault(w, http.StatusBadRequest, 100, 0, "Invalid appsecret_proof provided in the API argument")
		return nil, false
	}
	return grant, true
}

// me answers with the fields asked for that the person has and shares: id and name without fields.
func (f *Facebook) me(w http.ResponseWriter, r *http.Request) {
	grant, ok := f.authorized(w, r)
	if !ok {
		return
	}
	fields := r.Form.Get("fields")
	if fields == "" {
		fields = "id,name"
	}
	p := grant.person
	body := map[string]any{"id": p.Subject}
	for field := range strings.SplitSeq(fields, ",") {
		name, _, _ := strings.Cut(field, ".")
		switch name {
		case "name":
			body["name"] = p.Name
		case "first_name":
			body["first_name"] = p.GivenName
		case "last_name":
			body["last_name"] = p.FamilyName
		case "email":
			if p.Email != "" && slices.Contains(f.granted(p.Key), "email") && !f.current().MissingEmail {
				body["email"] = p.Email
			}
		case "picture":
			body["picture"] = f.picture(p, field)
		}
	}
	answerJSON(w, http.StatusOK, body)
}

// picture honours width: 50 pixels when it is not asked for.
func (f *Facebook) picture(p Person, field string) map[string]any {
	width := 50
	if m := regexp.MustCompile(`width\((\d{1,4})\)`).FindStringSubmatch(field); m != nil {
		width, _ = strconv.Atoi(m[1]) // digits
	}
	return map[string]any{"data": map[string]any{
		"height": width, "width": width, "is_silhouette": p.NoPicture, "url": f.BaseURL() + "/_sim/photo/" + p.Key + ".svg?width=" + strconv.Itoa(width),
	}}
}

func (f *Facebook) mePermissions(w http.ResponseWriter, r *http.Request) {
	grant, ok := f.authorized(w, r)
	if !ok {
		return
	}
	list := []map[string]string{}
	f.state.Lock()
	for name, status := range f.permissions[grant.person.Key] {
		list = append(list, map[string]string{"permission": name, "status": status})
	}
	f.state.Unlock()
	slices.SortFunc(list, func(a, b map[string]string) int { return strings.Compare(a["permission"], b["permission"]) })
	answerJSON(w, http.StatusOK, map[string]any{"data": list})
}

// debugToken tells an app about a token, with the app's own token.
func (f *Facebook) debugToken(w http.ResponseWriter, r *http.Request) {
	if r.Form.Get("access_token") != f.appToken() {
		graphFault(w, http.StatusBadRequest, 190, 0, "Invalid OAuth access token.")
		return
	}
	f.state.Lock()
	grant, ok := f.tokens[r.Form.Get("input_token")]
	f.state.Unlock()
	if !ok {
		answerJSON(w, http.StatusOK, map[string]any{"data": map[string]any{
			"is_valid": false, "error": map[string]any{"code": 190, "message": "Invalid OAuth access token."},
		}})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"data": map[string]any{
		"app_id": f.options.ClientID, "type": "USER", "is_valid": true, "user_id": grant.person.Subject, "scopes": f.granted(grant.person.Key),
		"issued_at": grant.issuedAt.Unix(), "expires_at": grant.issuedAt.Add(shortLifetime).Unix(),
	}})
}
