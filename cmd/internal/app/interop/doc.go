// Package interop shows that other people's OpenID Connect and OAuth client libraries work with the built binary as they are: each test starts
// the binary, registers a client by the command line, runs a small partner app made of one library as its documentation shows, and signs a
// person in through that app with a browser. What the library has verified comes back as JSON and is compared.
//
// The partner apps stand in a folder for each language, with every version pinned: by package-lock.json, by requirements.txt with hashes
// (pip-compile --generate-hashes requirements.in), by pom.xml, by go.mod and go.sum; Apache's module and Ruby's strategy are the distribution's. A
// test copies its folder and installs the packages there; what is downloaded goes to the usual caches. So the tests run only when
// SYMBOLON_TEST_INTEROP is set. A test whose runtime is missing, or whose packages are not to be had, is skipped and says why; when
// SYMBOLON_TEST_REQUIRE names interop, it fails.
//
// Read deployment_test.go, then node_test.go.
package interop
