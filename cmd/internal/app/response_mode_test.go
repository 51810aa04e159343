package app_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

// answer takes the parameters of an authorization response out of where the mode puts them.
func (p *partner) answer(pg *page, carrier string) url.Values {
	p.w.t.Helper()
	if carrier == "form_post" {
		if pg.status != 200 || !pg.has("continue") || !strings.Contains(pg.header.Get("Content-Security-Policy"), "form-action 'self' https:;") {
			p.w.t.Fatalf("no form: %d %v\n%s", pg.status, pg.header, pg.body)
		}
		return fieldsOf(p.w.t, pg.body)
	}
	u, err := url.Parse(pg.location)
	p.w.must(err)
	if carrier == "fragment" {
		if u.RawQuery != "" {
			p.w.t.Errorf("parameters in the query too: %s", pg.location)
		}
		q, err := url.ParseQuery(u.Fragment)
		p.w.must(err)
		return q
	}
	return u.Query()
}

// OAuth Response Types §2.1, OAuth Form Post §2, JARM §2.3: success and error in each mode.
func TestResponseModes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "")
	p := w.newPartner()
	b := newBrowser(t)
	p.tokens(b, "ada") // signed in and consented
	b.stopAt = redirectURI
	for mode, want := range map[string]responseWay{
		"query": {"query", false}, "fragment": {"fragment", false}, "form_post": {"form_post", false},
		"jwt": {"query", true}, "query.jwt": {"query", true}, "fragment.jwt": {"fragment", true}, "form_post.jwt": {"form_post", true},
	} {
		p.test(mode, func(t *testing.T, p *partner) {
			p.checkAnswer(t, p.answer(b.open(p.url("response_mode", mode)), want.carrier), want, "code")
			p.checkAnswer(t, p.answer(b.open(p.url("response_mode", mode, "prompt", "none", "max_age", "0")), want.carrier), want, "error")
		})
	}
}

type responseWay struct {
	carrier string
	signed  bool
}

func (p *partner) checkAnswer(t *testing.T, got url.Values, want responseWay, member string) {
	t.Helper()
	if !want.signed {
		if got.Get(member) == "" || got.Get("state") != "s1" || got.Get("iss") != p.w.issuer {
			t.Errorf("%s: %v", member, got)
		}
		return
	}
	if len(got) != 1 {
		t.Errorf("%s: more than response: %v", member, got)
	}
	var c map[string]any
	p.w.must(json.Unmarshal(p.w.verified(got.Get("response")), &c))
	exp, _ := c["exp"].(float64)
	if c[member] == nil || c["state"] != "s1" || c["iss"] != p.w.issuer || c["aud"] != p.id || exp <= float64(time.Now().Unix()) || exp > float64(time.Now().Unix()+600) {
		t.Errorf("%s: JARM §2.1: %v", member, c)
	}
}
