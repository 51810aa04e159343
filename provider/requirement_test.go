package provider

import (
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/session"
)

func TestRequirementOf(t *testing.T) {
	seen := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	before, after := seen.Add(-time.Hour), seen.Add(time.Second)
	signedIn := func(auth, login time.Time) *session.Session {
		return &session.Session{AccountID: "ada", AuthTime: auth, LoginAt: login}
	}
	old, fresh, unproven := signedIn(before, before), signedIn(after, after), signedIn(before, after)
	consent := Consent{AccountID: "ada", Scopes: []string{"openid", "email"}, GrantedAt: before}
	grace, ada := claimsRequest{subjects: [][]string{{"grace"}}}, claimsRequest{subjects: [][]string{{"ada"}}}
	proof := claimsRequest{acrs: []string{"phr"}}
	age := func(seconds int64) *int64 { return &seconds }

	for name, test := range map[string]struct {
		q     question
		want  requirement
		error string
	}{
		"nobody is signed in":                                   {question{}, login, ""},
		"signed in, never consented":                            {question{session: old, scopes: []string{"openid"}}, consentPage, ""},
		"signed in and consented":                               {question{session: old, consent: consent, scopes: []string{"openid"}}, nothing, ""},
		"asks for more than was consented to":                   {question{session: old, consent: consent, scopes: []string{"openid", "profile"}}, consentPage, ""},
		"the operator's own client":                             {question{session: old, skipConsent: true, scopes: []string{"openid"}}, nothing, ""},
		"the person said no":                                    {question{session: old, consent: consent, denied: true}, nothing, "access_denied"},
		"OIDC Core §3.1.2.1: none, nobody signed in":            {question{prompts: []string{"none"}}, nothing, "login_required"},
		"OIDC Core §3.1.2.1: none, not consented":               {question{prompts: []string{"none"}, session: old, scopes: []string{"openid"}}, nothing, "consent_required"},
		"OIDC Core §3.1.2.1: none, all there":                   {question{prompts: []string{"none"}, session: old, consent: consent}, nothing, ""},
		"OIDC Core §3.1.2.1: login with a live session":         {question{prompts: []string{"login"}, session: old, consent: consent}, login, ""},
		"OIDC Core §3.1.2.1: login, answered":                   {question{prompts: []string{"login"}, session: fresh, consent: consent}, nothing, ""},
		"OIDC Core §3.1.2.1: login, signed in this millisecond": {question{prompts: []string{"login"}, session: signedIn(seen, seen), consent: consent}, login, ""},
		"AZ-14: login, answered without proof":                  {question{prompts: []string{"login"}, session: unproven, consent: consent}, nothing, ""},
		"OIDC Core §3.1.2.1: select_account":                    {question{prompts: []string{"select_account"}, session: old, consent: consent}, selectAccount, ""},
		"OIDC Core §3.1.2.1: select_account, nobody there":      {question{prompts: []string{"select_account"}}, selectAccount, ""},
		"OIDC Prompt Create §4.1: create with a live session":   {question{prompts: []string{"create"}, session: old, consent: consent}, selectAccount, ""},
		"OIDC Core §3.1.2.1: consent asks again":                {question{prompts: []string{"consent"}, session: old, consent: consent}, consentPage, ""},
		"OIDC Core §3.1.2.1: consent, answered":                 {question{prompts: []string{"consent"}, session: old, consent: consent, allowed: true}, nothing, ""},
		"OIDC Core §3.1.2.1: max_age not reached":               {question{maxAge: age(7200), session: old, consent: consent}, nothing, ""},
		"OIDC Core §3.1.2.1: max_age passed":                    {question{maxAge: age(60), session: old, consent: consent}, login, ""},
		"OIDC Core §3.1.2.1: max_age 0 is prompt login":         {question{maxAge: age(0), session: old, consent: consent}, login, ""},
		"OIDC Core §3.1.2.1: max_age 0, answered":               {question{maxAge: age(0), session: fresh, consent: consent}, nothing, ""},
		"max_age 0, signed in a moment before":                  {question{maxAge: age(0), session: signedIn(seen.Add(-time.Millisecond), seen.Add(-time.Millisecond)), consent: consent}, login, ""},
		"max_age 0, answered in the same second":                {question{maxAge: age(0), session: signedIn(seen.Truncate(time.Second), after), consent: consent}, nothing, ""},
		"AZ-14: max_age, answered without proof":                {question{maxAge: age(60), session: unproven, consent: consent}, nothing, "login_required"},
		"OIDC Core §3.1.2.1: none with max_age passed":          {question{prompts: []string{"none"}, maxAge: age(60), session: old, consent: consent}, nothing, "login_required"},
		"OIDC Core §3.1.2.2: hint of another person":            {question{claims: grace, subject: "ada", session: old, consent: consent}, selectAccount, ""},
		"OIDC Core §3.1.2.2: hint, silent":                      {question{claims: grace, subject: "ada", prompts: []string{"none"}, session: old, consent: consent}, nothing, "login_required"},
		"OIDC Core §3.1.2.2: hint, the wrong person came":       {question{claims: grace, subject: "ada", session: fresh, consent: consent}, nothing, "login_required"},
		"OIDC Core §3.1.2.2: hint of the person":                {question{claims: ada, subject: "ada", session: old, consent: consent}, nothing, ""},
		"OIDC Core §5.5.1: sub and a hint that differ":          {question{claims: claimsRequest{subjects: [][]string{{"ada"}, {"grace"}}}, subject: "ada", session: old, consent: consent}, selectAccount, ""},
		"OIDC Core §5.5.1.1: acr not proven yet":                {question{claims: proof, session: old, consent: consent}, login, ""},
		"OIDC Core §5.5.1.1: acr, silent":                       {question{claims: proof, prompts: []string{"none"}, session: old, consent: consent}, nothing, "login_required"},
		"OIDC Core §5.5.1.1: acr, and the sign-in proves none":  {question{claims: proof, session: fresh, consent: consent}, nothing, "unmet_authentication_requirements"},
		"OIDC Core §5.5.1.1: acr, proven":                       {question{claims: proof, session: &session.Session{AccountID: "ada", ACR: "phr", AuthTime: before, LoginAt: before}, consent: consent}, nothing, ""},
		"AZ-15: a client that can be posed as is always asked":  {question{impersonable: true, session: old, consent: consent}, consentPage, ""},
		"AZ-15: also when it is the operator's own":             {question{impersonable: true, skipConsent: true, session: old, consent: consent}, consentPage, ""},
		"AZ-15: answered":                                       {question{impersonable: true, session: old, consent: consent, allowed: true}, nothing, ""},
		"AZ-15: silent":                                         {question{impersonable: true, prompts: []string{"none"}, session: old, consent: consent}, nothing, "consent_required"},
		"RFC 9396 §3: details are always asked for":             {question{details: "[]", session: old, consent: consent}, consentPage, ""},
		"RFC 9396 §3: details, answered":                        {question{details: "[]", session: old, consent: consent, allowed: true}, nothing, ""},
		"RFC 9396 §3: details, silent":                          {question{details: "[]", prompts: []string{"none"}, session: old, consent: consent}, nothing, "consent_required"},
		"RFC 9396 §3: details of the operator's own client":     {question{details: "[]", skipConsent: true, session: old}, nothing, ""},
		"RFC 9396 §3: details, allowed and withdrawn since":     {question{details: "[]", session: old, allowed: true, scopes: []string{"openid"}}, consentPage, ""},
		"allowed, and withdrawn since":                          {question{impersonable: true, session: old, allowed: true, scopes: []string{"openid"}}, consentPage, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.q.firstSeenAt = seen
			got, err := requirementOf(test.q)
			code := ""
			if err != nil {
				code = err.ErrorField
			}
			if got != test.want || code != test.error {
				t.Errorf("got %d %q, want %d %q", got, code, test.want, test.error)
			}
		})
	}
}
