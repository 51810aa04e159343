// Package pgserver runs a private PostgreSQL from the programs installed on the machine, for the storage suite and the bench: a new cluster in a
// temporary directory, reached through a socket in it, gone when it is stopped. It is no way to run one in earnest.
//
// Read Start.
package pgserver
