// Command bench measures what each flow costs on this machine, beside what it must cost at the least.
//
//	go run ./cmd/bench -db both -duration 5s -conns 1,8,64 -flows redemption,introspection -json bench.json
//
// A closed loop of clients drives the built symbolon over loopback HTTP, on SQLite and on a PostgreSQL of its own (where initdb is found) that
// commits durably. In turn with it, slice by slice, the same clients drive a bare server: a process that does with net/http and the standard
// library only what the flow cannot do without — parse the form, sign or verify the same token, write or read one row. The ratio of the CPU
// times per operation is the figure to look at: it depends little on the machine and on what else runs on it.
//
// docs/performance.md explains the table. Read flow.go first: a flow is one line of its table. bare.go is the bare server.
package main
