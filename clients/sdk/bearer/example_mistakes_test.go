package bearer_test

import (
	"fmt"
	"time"

	"github.com/symbolon-id/symbolon/clients/sdk/bearer"
)

// These are wrong uses. New refuses each, and says what to do.

// Everything that is wrong is reported at once.
func ExampleNew_everyMistake() {
	_, err := bearer.New(bearer.Config{
		Issuer:     "http://id.example.com",
		Algorithms: []string{"HS256", "none"},
		ClockSkew:  time.Hour,
	})
	fmt.Println(err)
	// Output:
	// bearer: the configuration is refused:
	//   Issuer is not https: what it serves could be changed on the way
	//   Audience is empty: without it, a token for any other API would be accepted
	//   Algorithms has "HS256": whoever verifies with a shared secret can also sign
	//   Algorithms has "none", which is no asymmetric signature algorithm (RFC 7518 §3.1)
	//   ClockSkew is 1h0m0s: it must be from 0s to 5m0s, or 0 for the default
}

// The mistakes are typed, for programs that build the configuration.
func ExampleNew_typedMistakes() {
	_, err := bearer.New(bearer.Config{Issuer: "https://id.example.com"})
	if e, ok := err.(*bearer.ConfigError); ok {
		for _, m := range e.Mistakes {
			fmt.Println(m.Field)
		}
	}
	// Output: Audience
}

// An empty list is a mistake and does not switch the check off.
func ExampleNew_emptyAlgorithms() {
	_, err := bearer.New(bearer.Config{Issuer: "https://id.example.com", Audience: "https://api.example.com", Algorithms: []string{}})
	fmt.Println(err)
	// Output:
	// bearer: the configuration is refused:
	//   Algorithms is an empty list: leave it nil for the default
}

// Scopes are listed one by one.
func ExampleNew_scopesInOneString() {
	_, err := bearer.New(bearer.Config{Issuer: "https://id.example.com", Audience: "https://api.example.com", RequiredScopes: []string{"read write"}})
	fmt.Println(err)
	// Output:
	// bearer: the configuration is refused:
	//   RequiredScopes has "read write", which is not one scope (RFC 6749 §3.3)
}

// A proof names the URL that the client called. The request's own Host header cannot tell what that is.
func ExampleNew_proofsWithoutURL() {
	_, err := bearer.New(bearer.Config{
		Issuer:   "https://id.example.com",
		Audience: "https://api.example.com",
		DPoP:     bearer.DPoPPolicy{Require: true},
	})
	fmt.Println(err)
	// Output:
	// bearer: the configuration is refused:
	//   DPoP.PublicURL is empty: without it, no proof can be checked (RFC 9449 §4.3)
}

// Options that contradict each other are no riddle to be solved by their order.
func ExampleNew_contradiction() {
	_, err := bearer.New(bearer.Config{
		Issuer:   "https://id.example.com",
		Audience: "https://api.example.com",
		Status:   bearer.StatusPolicy{Require: true, DangerouslyIgnoreStatus: true},
	})
	fmt.Println(err)
	// Output:
	// bearer: the configuration is refused:
	//   Status.DangerouslyIgnoreStatus contradicts the other fields of Status: leave one or the others out
}

// A second scope in the same string is noticed when the routes are set up, not by the first client.
func ExampleVerifier_Require_twoScopesInOneString() {
	v, _ := bearer.New(bearer.Config{Issuer: "https://id.example.com", Audience: "https://api.example.com"})
	defer v.Close()
	defer func() { fmt.Println(recover()) }()
	v.Require("orders:read orders:write")
	// Output: bearer: "orders:read orders:write" is not one scope
}
