// Package adminapi is the REST interface of administrators: /admin/v1/, described by openapi.json.
//
// It speaks RFC 7591 names for clients and RFC 9457 problem documents for errors, and knows its callers by access tokens only, never by a
// cookie. What a valid client is, package clients decides; who the caller is, Config.Authenticate.
//
// Read adminapi.go for the routes, problem.go for the errors, openapi.json for the contract.
package adminapi
