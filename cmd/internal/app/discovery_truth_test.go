package app_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// discoveryCheck holds what the document says of a member against what the node does. It runs in every configuration, also where the member is
// left out: then what it stands for must not be there.
type discoveryCheck func(d *disclosure, member string)

// discoveryChecks has a check for every member.
func discoveryChecks() map[string]discoveryCheck {
	all := map[string]discoveryCheck{}
	for _, some := range []map[string]discoveryCheck{endpointChecks(), authorizationChecks(), joseChecks(), clientChecks(), sessionChecks()} {
		maps.Copy(all, some)
	}
	return all
}

// OIDC Discovery §3, RFC 8414 §2: the document says what the node does, no more and no less, in whatever way it is configured. Every member is
// checked by what happens, for each value that is announced and for others that are not.
func TestDiscoveryTellsTheTruth(t *testing.T) {
	t.Parallel()
	checks := discoveryChecks()
	var mu sync.Mutex
	unseen := maps.Clone(checks)
	t.Run("configured", func(t *testing.T) {
		for name, configure := range truthConfigurations() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := newDisclosure(t, configure)
				for _, member := range slices.Sorted(maps.Keys(d.doc)) {
					if checks[member] == nil {
						t.Errorf("%s: nobody checks it", member)
					}
					mu.Lock()
					delete(unseen, member)
					mu.Unlock()
				}
				for _, all := range []map[string]discoveryCheck{checks, silenceChecks()} {
					for _, member := range slices.Sorted(maps.Keys(all)) {
						d.test(member, func(d *disclosure) { all[member](d, member) })
					}
				}
			})
		}
	})
	for member := range unseen {
		t.Errorf("%s is announced in no configuration: its check is of no use", member)
	}
}

// truthConfigurations returns what to put into the configuration file.
func truthConfigurations() map[string]func(d *disclosure) string {
	const behindProxy = "trusted_proxies: [127.0.0.0/8, \"::1/128\"]\n"
	return map[string]func(d *disclosure) string{
		"as it comes": func(*disclosure) string { return "" },
		"all that there is": func(d *disclosure) string {
			return strings.Join([]string{
				"legacy_response_types: true", "request_uri_parameter: true", "session_management: true", openRegistration, withDocuments, behindProxy + withDetails,
				"client_certificates: { header: Client-Cert, ca_file: " + d.authority.writePEM(d.t) + " }",
				"trusted_issuers:\n  - { issuer: \"" + d.corp.id + "\", upstream: corp, jwks_file: " + keyFile(d.t, jwksOf(d.t, d.keys.p256)) + ", clients: [ reports ], scopes: [ email ] }",
			}, "\n")
		},
		"locked down": func(*disclosure) string {
			return behindProxy + "require_pushed_authorization_requests: true\ndpop_nonce: true\nclient_certificates: { header: Client-Cert }\n" + tokenRegistration
		},
	}
}

// list returns a member that is a list of texts; nil where it is left out. RFC 8414 §3.2: none is empty.
func (d *disclosure) list(member string) (values []string) {
	d.t.Helper()
	if d.doc[member] == nil {
		return nil
	}
	items, _ := d.doc[member].([]any)
	for _, item := range items {
		text, ok := item.(string)
		if !ok || text == "" || slices.Contains(values, text) {
			d.t.Errorf("%s has %v", member, item)
		}
		values = append(values, text)
	}
	if len(values) == 0 {
		d.t.Errorf("%s: %v", member, d.doc[member])
	}
	return values
}

// each compares a list with what works, value by value. The others are what else there is in the registries.
func (d *disclosure) each(member, others string, works func(d *disclosure, value string) bool) {
	d.t.Helper()
	listed := d.list(member)
	for _, value := range slices.Compact(slices.Sorted(slices.Values(append(strings.Split(others, ","), listed...)))) {
		d.test(strings.ReplaceAll(value, "/", "_"), func(d *disclosure) {
			if got, want := works(d, value), slices.Contains(listed, value); got != want {
				d.t.Errorf("%s: announced: %t, works: %t", value, want, got)
			}
		})
	}
}

// same compares a truth value with what is seen. What is left out is false, but for one (OIDC Discovery §3).
func (d *disclosure) same(member string, seen bool) {
	d.t.Helper()
	said, ok := d.doc[member].(bool)
	if d.doc[member] == nil {
		said, ok = member == "request_uri_parameter_supported", true
	}
	if !ok || said != seen {
		d.t.Errorf("%s is %v, and what happens says %t", member, d.doc[member], seen)
	}
}

// sameList fails unless both have the same texts in them.
func (d *disclosure) sameList(got, want []string) {
	d.t.Helper()
	if diff := cmp.Diff(slices.Compact(slices.Sorted(slices.Values(want))), slices.Compact(slices.Sorted(slices.Values(got)))); diff != "" {
		d.t.Errorf("announced (-), seen (+): %s", diff)
	}
}
