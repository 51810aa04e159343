package upstreamtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/symbolon-id/symbolon/provider/upstream"
)

// Facebook is a simulated Facebook Login with its Graph.
type Facebook struct {
	*simulator
	// SkipAppSecretProof turns off what the app's console calls "Require App Secret".
	SkipAppSecretProof bool

	state       sync.Mutex
	codes       map[string]*facebookGrant
	tokens      map[string]*facebookGrant
	permissions map[string]map[string]string // person key to permission to granted or declined
}

// facebookGrant is what a code or an access token stands for.
type facebookGrant struct {
	person      Person
	redirectURI string
	challenge   string
	method      string
	issuedAt    time.Time
	spent       bool
}

// NewFacebook returns a simulated Facebook.
func NewFacebook(o Options) *Facebook {
	if o.ClientID == "" {
		o.ClientID = "1000000000000001"
	}
	if o.ClientSecret == "" {
		o.ClientSecret = "simulated-facebook-secret"
	}
	if o.People == nil {
		o.People = FacebookPeople()
	}
	f := &Facebook{
		simulator: newSimulator("Facebook", o), codes: map[string]*facebookGrant{}, tokens: map[string]*facebookGrant{}, permissions: map[string]map[string]string{},
	}
	handle := func(method, path, name string, h http.HandlerFunc) {
		f.mux.HandleFunc(method+" /{version}"+path, f.endpoint(name, f.versioned(h)))
		f.mux.HandleFunc(method+" "+path, f.endpoint(name, f.versioned(h)))
	}
	handle("GET", "/dialog/oauth", "authorize", f.dialog)
	handle("POST", "/dialog/oauth", "choose", f.choose)
	handle("GET", "/oauth/access_token", "token", f.accessToken)
	handle("POST", "/oauth/access_token", "token", f.accessToken)
	handle("GET", "/me", "me", f.me)
	handle("GET", "/me/permissions", "permissions", f.mePermissions)
	handle("GET", "/debug_token", "debug_token", f.debugToken)
	return f
}

// Config returns the configuration of a connector to this Facebook, once it has a base URL.
func (f *Facebook) Config(id string, client *http.Client) upstream.FacebookConfig {
	return upstream.FacebookConfig{
		ID: id, ClientID: f.options.ClientID, ClientSecret: f.options.ClientSecret, DialogURL: f.BaseURL(), GraphURL: f.BaseURL(),
		AllowLoopbackHTTP: true, HTTPClient: client,
	}
}

// graphVersions is the table of versions with the day each expires; the newest has none yet.
func graphVersions() map[string]string {
	return map[string]string{
		"v20.0": "2026-09-24", "v21.0": "2027-01-21", "v22.0": "2027-05-20", "v23.0": "2027-10-08", "v24.0": "2028-02-18", "v25.0": "2028-07-29", "v26.0": "",
	}
}

// servedVersion returns the version that answers a request for another: itself while it lives, the oldest living one for an expired or missing one,
// and none for one that never was.
func servedVersion(asked string, now time.Time) string {
	table := graphVersions()
	today := now.UTC().Format(time.DateOnly)
	lives := func(v string) bool { return table[v] == "" || today < table[v] }
	if _, known := table[asked]; !known && asked != "" {
		return ""
	}
	if asked != "" && lives(asked) {
		return asked
	}
	for _, v := range slices.Sorted(maps.Keys(table)) {
		if lives(v) {
			return v
		}
	}
	return ""
}

// versioned answers with the version that serves the request in a header, and refuses a version that never was.
func (f *Facebook) versioned(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		served := servedVersion(r.PathValue("version"), time.Now())
		if served == "" {
			graphFault(w, http.StatusBadRequest, 2500, 0, "Unknown path components: "+r.URL.Path)
			return
		}
		w.Header().Set("Facebook-Api-Version", served)
		h(w, r)
	}
}

// graphFault answers in the shape of Graph's errors.
func graphFault(w http.ResponseWriter, status, code, subcode int, message string) {
	body := map[string]any{"message": message, "type": "OAuthException", "code": code, "fbtrace_id": random()}
	if subcode != 0 {
		body["error_subcode"] = subcode
	}
	answerJSON(w, status, map[string]any{"error": body})
}

// granted returns what the person lets the app see.
func (f *Facebook) granted(key string) []string {
	f.state.Lock()
	defer f.state.Unlock()
	var names []string
	for name, status := range f.permissions[key] {
		if status == "granted" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// scopesOf accepts commas and spaces.
func scopesOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
