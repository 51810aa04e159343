// Package interop shows that other people's OpenID Connect and OAuth client libraries work with the built binary as they are: each test starts
// the binary, registers a client by the command line, runs a small partner app made of one library as its documentation shows, and signs a
// person in through that app with a browser. What the library has verified comes back as JSON and is compared.
//
// The partner apps stand in a folder for each language, with pinned versions. A test installs them into a temporary directory, which needs their
// runtimes and registries. So the tests run only when SYMBOLON_TEST_REQUIRE names interop; what is missing fails them then.
//
// Read deployment_test.go, then node_test.go.
package interop
