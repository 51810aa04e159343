package app_test

import "crypto/rand"

// promptModules are those about when a person is asked to sign in.
func promptModules() map[string]func(*suite) {
	return map[string]func(*suite){
		"oidcc-prompt-login": func(s *suite) { again(s, "prompt", "login") },
		"oidcc-max-age-1":    func(s *suite) { again(s, "max_age", "1") },
		"oidcc-prompt-none-not-logged-in": func(s *suite) {
			rp := s.register()
			pg, q := rp.silent()
			rp.expectRefusal(pg, q, needsPerson...)
		},
		"oidcc-prompt-none-logged-in": func(s *suite) {
			rp := s.register()
			rp.quiet(rp.flow(), "prompt", "none")
		},
		"oidcc-max-age-10000": func(s *suite) {
			rp := s.register()
			rp.quiet(rp.flow("max_age", "15000"), "max_age", "10000")
		},
		"oidcc-id-token-hint": func(s *suite) {
			rp := s.register()
			got := rp.flow()
			rp.quiet(got, "prompt", "none", "id_token_hint", got.idToken)
		},
	}
}

// again signs in twice, the second time with parameters that ask for a new log-in. That the suite waits two seconds in between is done by what the
// upstream says of the time: the first log-in was ten seconds ago.
func again(s *suite, parameters ...string) {
	rp := s.register()
	s.ago.Store(10)
	first := rp.flow()
	s.ago.Store(0)
	second := rp.flow(parameters...)
	before, after := jwt{claims: first.claims}.seconds(s.t, "auth_time"), jwt{claims: second.claims}.seconds(s.t, "auth_time")
	if !second.shown || after <= before || second.claims["sub"] != first.claims["sub"] {
		s.t.Errorf("the log-in page was shown: %v; %v, then %v", second.shown, first.claims, second.claims)
	}
}

// quiet asks once more, and fails if there was a page or another session's answer.
func (rp *relyingParty) quiet(before signedIn, parameters ...string) {
	rp.t.Helper()
	q := rp.request(append(parameters, "state", rand.Text())...)
	pg := rp.visit(q)
	if pg.location == "" && !pg.has("continue") {
		rp.t.Fatalf("a page: %s", pg.body)
	}
	got := rp.complete(pg, q)
	for _, name := range []string{"sub", "auth_time", "sid"} {
		if got.claims[name] != before.claims[name] || got.claims[name] == nil {
			rp.t.Errorf("%s: %v, then %v", name, before.claims[name], got.claims[name])
		}
	}
}
