package partner

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// MW-11: people are known by issuer and subject. Two who share an e-mail address are two, and one who changes it stays the same.
func TestMW11KeyedOnIssuerAndSubject(t *testing.T) {
	i := newIssuer(t)
	_, base := newBooks(t, i)
	page := func(cookie *http.Cookie) string {
		t.Helper()
		res := get(t, base+"/account", cookie)
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("account: %s, %v", res.Status, err)
		}
		return string(body)
	}
	want := func(who string, cookie *http.Cookie, texts ...string) {
		t.Helper()
		text := page(cookie)
		for _, part := range texts {
			if !strings.Contains(text, part) {
				t.Errorf("%s: the account page does not say %q:\n%s", who, part, text)
			}
		}
	}
	ada := signIn(t, i, base, "ada", "family@example.com")
	eve := signIn(t, i, base, "eve", "family@example.com")
	want("Ada", ada, `id="identity">ada<`, `id="visits">once<`, "family@example.com")
	want("Eve", eve, `id="identity">eve<`, `id="visits">once<`, "family@example.com")
	ada = signIn(t, i, base, "ada", "ada@example.com")
	want("Ada with another address", ada, `id="identity">ada<`, `id="visits">2 times<`, "ada@example.com")

	// The API finds the same account by the token alone.
	claims := goodAccessToken(i, base)
	for subject, visits := range map[string]int{"ada": 2, "eve": 1, "ada@example.com": 0, "family@example.com": 0} {
		own := maps.Clone(claims)
		own["sub"] = subject
		own["email"] = "ada@example.com" // decides nothing
		var answer shelfAnswer
		if err := json.NewDecoder(callShelf(t, base, i.sign("at+jwt", own)).Body).Decode(&answer); err != nil || answer.Visits != visits {
			t.Errorf("the API knows %d visits of %q, want %d (%v)", answer.Visits, subject, visits, err)
		}
	}

	// OIDC Core §5.7: the same subject at another issuer is somebody else.
	known := newAccounts()
	known.visit(identity{"https://id.example", "ada"})
	if other := known.get(identity{"https://other.example", "ada"}); other.Visits != 0 {
		t.Errorf("another issuer's person has %d visits", other.Visits)
	}
}
