// Command dev holds the developer's tasks of Symbolon, written in Go so that they run wherever the project builds.
//
//	go run ./cmd/dev check          all that CI checks beside the tests
//	go run ./cmd/dev imports        who may import whom, and what stands at the top of the repository
//	go run ./cmd/dev citations      spec citations in comments, and docs/conformance.md
//	go run ./cmd/dev dependencies   go.mod and docs/decisions/0002-dependencies.md agree
//	go run ./cmd/dev size           files, functions and interfaces that have grown too large
//	go run ./cmd/dev golden         golden files, written anew or checked
//	go run ./cmd/dev new-migration  the next numbered pair of migrations
//	go run ./cmd/dev vuln           known vulnerabilities of the dependencies
//
// It is a tool beside the product: it imports nothing of ours, and nothing imports it. Every rule reads the repository through an fs.FS
// and returns its findings, so that a test can show a small repository which breaks it.
//
// Read main.go for the list of tasks, finding.go for what a rule returns, imports_matrix.go for the matrix itself.
package main
