// Package details is authorization details (RFC 9396): the types that an operator registers, the objects that clients ask for by them, and the
// line that a person reads of each.
//
// A Type has a JSON Schema, which says what an object may look like, and a text, which says in a person's words what it allows. Types.Parse is
// the only way from a client's text to objects: whatever it returns fits its schema, can be shown, and is written in one way only. It knows
// neither clients nor grants: package provider decides who may have what, and docs/decisions/0013-authorization-details.md says why so.
package details
