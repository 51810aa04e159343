// Command symbolon is the identity provider and the tools of its operator.
//
// main.go is the entry, root.go the command tree with its exit statuses; then a file per command. The commands open the configured database
// themselves, so they work beside a running server and without one. Standard output carries data only; what went wrong is on standard error.
//
// The program is put together in cmd/internal/app; the configuration is in cmd/internal/app/config.
package main
