// Package account holds the End-Users: the account, the federated identities that sign in to it, and the rules that connect the two.
//
// An identity is keyed by (connector, issuer, subject), never by e-mail. Resolve is the only way from a proven upstream identity to an
// account. The package knows neither HTTP nor SQL; package storage implements Store and Directory.
package account
