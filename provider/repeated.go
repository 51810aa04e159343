package provider

import (
	"net/url"
	"strings"
	"sync"
)

// maxRepeaters bounds how many clients are looked at: those that come most often come back.
const maxRepeaters = 1024

// repeated notices clients whose code_challenge or nonce is the same in one request and the next. Both have to be drawn for each request (RFC 9700
// §2.1.1, OIDC Core §15.5.2): a constant one protects nobody, and only whoever runs the client can mend that. Nothing is refused: a person who goes
// back and forth makes repetitions too. The log tells.
type repeated struct {
	mu   sync.Mutex
	last map[string][2]string // by client id
}

// see returns the names of the parameters that the client sent last time too, separated by spaces.
func (r *repeated) see(clientID string, form url.Values) string {
	now := [2]string{form.Get("code_challenge"), form.Get("nonce")}
	r.mu.Lock()
	defer r.mu.Unlock()
	before, known := r.last[clientID]
	if !known && len(r.last) >= maxRepeaters {
		for id := range r.last { // any
			delete(r.last, id)
			break
		}
	}
	r.last[strings.Clone(clientID)] = [2]string{strings.Clone(now[0]), strings.Clone(now[1])}
	var names []string
	for i, name := range []string{"code_challenge", "nonce"} {
		if now[i] != "" && now[i] == before[i] {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}
