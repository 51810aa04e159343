package app_test

import (
	"slices"
	"strings"
	"testing"
)

// The certification plans of the OpenID conformance suite, each run against one built binary as the suite would: clients register themselves, and
// the person goes through the pages with plain forms and a fresh cookie jar in each module. A module is a subtest with the suite's own name.

// certificationPlan names the modules of a plan in the suite's order.
type certificationPlan struct {
	name    string
	modules string
}

// Lists that several plans run, each with its own response types.
const (
	claimsModules = `
		oidcc-scope-profile oidcc-scope-email oidcc-scope-address oidcc-scope-phone oidcc-scope-all
		oidcc-display-page oidcc-display-popup
		oidcc-prompt-login oidcc-prompt-none-not-logged-in oidcc-prompt-none-logged-in oidcc-max-age-1 oidcc-max-age-10000
		oidcc-ensure-request-with-unknown-parameter-succeeds oidcc-id-token-hint oidcc-login-hint oidcc-ui-locales oidcc-claims-locales
		oidcc-ensure-request-with-acr-values-succeeds oidcc-ensure-registered-redirect-uri `
	userInfoModules = `
		oidcc-userinfo-get oidcc-userinfo-post-header oidcc-userinfo-post-body `
	codeModules = `
		oidcc-codereuse oidcc-codereuse-30seconds oidcc-server-client-secret-post oidcc-refresh-token `
	requestModules = `
		oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported
		oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported
		oidcc-claims-essential oidcc-ensure-request-object-with-redirect-uri `

	everyFlow  = `oidcc-server oidcc-idtoken-signature ` + claimsModules + requestModules
	hybridFlow = everyFlow + userInfoModules + codeModules
)

// certificationPlans are all that are certified.
func certificationPlans() []certificationPlan {
	basic := `
		oidcc-response-type-missing oidcc-idtoken-unsigned oidcc-ensure-request-without-nonce-succeeds-for-code-flow
		oidcc-alternate-happy-flow oidcc-ensure-post-request-succeeds oidcc-ensure-request-with-valid-pkce-succeeds ` + hybridFlow
	return []certificationPlan{
		{"basic", basic},
		{"form post", basic},
		{"implicit id_token", `oidcc-alternate-happy-flow oidcc-ensure-request-without-nonce-fails ` + everyFlow},
		{"implicit id_token token", `oidcc-response-type-missing oidcc-alternate-happy-flow oidcc-ensure-request-without-nonce-fails ` + userInfoModules + everyFlow},
		{"hybrid code id_token", `
			oidcc-response-type-missing oidcc-alternate-happy-flow oidcc-ensure-request-without-nonce-fails
			oidcc-ensure-request-with-valid-pkce-succeeds ` + hybridFlow},
		{"hybrid code token", `oidcc-ensure-request-without-nonce-succeeds-for-code-flow ` + hybridFlow},
		{"hybrid code id_token token", `oidcc-ensure-request-without-nonce-fails ` + hybridFlow},
		{"config", `oidcc-discovery-endpoint-verification`},
		{"dynamic", `
			oidcc-idtoken-rs256 oidcc-idtoken-unsigned oidcc-userinfo-rs256
			oidcc-ensure-redirect-uri-in-authorization-request
			oidcc-redirect-uri-query-OK oidcc-redirect-uri-query-mismatch oidcc-redirect-uri-query-added oidcc-redirect-uri-regfrag
			oidcc-discovery-endpoint-verification oidcc-server
			oidcc-registration-logo-uri oidcc-registration-policy-uri oidcc-registration-tos-uri oidcc-registration-jwks-uri
			oidcc-registration-sector-uri oidcc-registration-sector-bad oidcc-server-rotate-keys
			oidcc-refresh-token-rp-key-rotation oidcc-request-uri-unsigned oidcc-request-uri-signed-rs256
			oidcc-ensure-request-object-with-redirect-uri oidcc-refresh-token oidcc-ensure-client-assertion-with-iss-aud-succeeds`},
		{"third-party-initiated login", `oidcc-3rd_party-init-login oidcc-3rd_party-init-login-nohttps`},
		{"RP-initiated log-out", `
			oidcc-rp-initiated-logout-discovery-endpoint-verification oidcc-rp-initiated-logout
			oidcc-rp-initiated-logout-bad-post-logout-redirect-uri oidcc-rp-initiated-logout-modified-id-token-hint
			oidcc-rp-initiated-logout-no-id-token-hint oidcc-rp-initiated-logout-no-params
			oidcc-rp-initiated-logout-no-post-logout-redirect-uri oidcc-rp-initiated-logout-no-state oidcc-rp-initiated-logout-only-state
			oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri oidcc-rp-initiated-logout-bad-id-token-hint`},
		{"session management", `oidcc-session-management-discovery-endpoint-verification oidcc-session-management-rp-initiated-logout`},
		{"front-channel log-out", `oidcc-frontchannel-logout-discovery-endpoint-verification oidcc-frontchannel-rp-initiated-logout`},
		{"back-channel log-out", `oidcc-backchannel-logout-discovery-endpoint-verification oidcc-backchannel-rp-initiated-logout`},
	}
}

// certificationModules are the tests of the modules, by the suite's name.
func certificationModules() map[string]func(*suite) {
	all := map[string]func(*suite){}
	for _, some := range []map[string]func(*suite){coreModules(), promptModules(), registrationModules(), keyModules(), logoutModules(), chromiumModules()} {
		for id, module := range some {
			all[id] = module
		}
	}
	return all
}

// TestCertificationPlans holds the plans and the modules against each other: no module of a plan is without a test, and no test without a plan.
func TestCertificationPlans(t *testing.T) {
	t.Parallel()
	modules, used := certificationModules(), map[string]bool{}
	for _, plan := range certificationPlans() {
		ids := strings.Fields(plan.modules)
		for i, id := range ids {
			used[id] = true
			if modules[id] == nil {
				t.Errorf("%s: %s has no test", plan.name, id)
			}
			if slices.Contains(ids[:i], id) {
				t.Errorf("%s: %s is there twice", plan.name, id)
			}
		}
	}
	for id := range modules {
		if !used[id] {
			t.Errorf("%s is in no plan", id)
		}
	}
	if len(used) != 77 {
		t.Errorf("%d modules", len(used))
	}
}

// certify runs the plans with the names, all against s.
func (s *suite) certify(names ...string) {
	s.t.Helper()
	modules, ran := certificationModules(), 0
	for _, plan := range certificationPlans() {
		if !slices.Contains(names, plan.name) {
			continue
		}
		ran++
		for _, id := range strings.Fields(plan.modules) {
			s.module(id, modules[id])
		}
	}
	if ran != len(names) {
		s.t.Errorf("%d of the plans %v", ran, names)
	}
}

// Basic OP.
func TestCertificationBasic(t *testing.T) {
	t.Parallel()
	newSuite(t, "").certify("basic")
}

// Form Post OP, for the code flow.
func TestCertificationFormPost(t *testing.T) {
	t.Parallel()
	s := newSuite(t, "")
	s.formPost = true
	s.certify("form post")
}

// Implicit OP: the suite goes through the list once for each response type.
func TestCertificationImplicit(t *testing.T) {
	t.Parallel()
	s := newSuite(t, legacy)
	for _, kind := range []string{"id_token", "id_token token"} {
		s.under(kind, func(s *suite) { s.certify("implicit " + kind) })
	}
}

// Hybrid OP: likewise.
func TestCertificationHybrid(t *testing.T) {
	t.Parallel()
	s := newSuite(t, legacy)
	for _, kind := range []string{"code id_token", "code token", "code id_token token"} {
		s.under(kind, func(s *suite) { s.certify("hybrid " + kind) })
	}
}

// Config OP and Dynamic OP, which the suite runs with private_key_jwt.
func TestCertificationDynamic(t *testing.T) {
	t.Parallel()
	s := newSuite(t, legacy+"request_uri_parameter: true\n")
	s.certify("config")
	s.authMethod = "private_key_jwt"
	s.certify("dynamic")
}

// The plans of log-out, and of third-party-initiated login, which needs no flow.
func TestCertificationLogout(t *testing.T) {
	t.Parallel()
	s := newSuite(t, "session_management: true\n")
	s.certify("third-party-initiated login", "RP-initiated log-out", "front-channel log-out", "back-channel log-out", "session management")
}
