package provider

import (
	"fmt"
	"net/url"
	"testing"
)

// TK-07: what is the same twice is noticed, for each client by itself, and what the notes take is bounded.
func TestRepeatedParameters(t *testing.T) {
	r := &repeated{last: map[string][2]string{}}
	form := func(challenge, nonce string) url.Values {
		return url.Values{"code_challenge": {challenge}, "nonce": {nonce}}
	}
	for i, c := range []struct{ client, challenge, nonce, want string }{
		{"a", "c1", "n1", ""},
		{"a", "c1", "n2", "code_challenge"},
		{"b", "c1", "n2", ""},
		{"a", "c2", "n2", "nonce"},
		{"a", "c2", "n2", "code_challenge nonce"},
		{"a", "", "", ""},
		{"a", "", "", ""},
	} {
		if got := r.see(c.client, form(c.challenge, c.nonce)); got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
	for i := range 3 * maxRepeaters {
		r.see(fmt.Sprint(i), form("c", "n"))
	}
	if len(r.last) != maxRepeaters {
		t.Errorf("%d clients are remembered", len(r.last))
	}
}
