// Package provider is the authorization server: OAuth 2.0 and OpenID Connect on ory/fosite, which no other package imports.
//
// One request, in the order of the files: authorize.go decides what is next to an authorization request (requirement.go says what is still
// missing, interaction.go is what waits meanwhile) and issues the code (code.go). request_uri.go takes the parameters from where the request says:
// what was pushed (pushed_authorization_request.go) or signed (request_object.go). token.go redeems the code: client_authentication.go, code.go again,
// access_token.go, id_token.go; refresh.go refreshes. userinfo.go, introspection.go, revocation.go, end_session.go, discovery.go (with the key set) are
// an endpoint each. device_authorization.go, device_request.go and device_code.go are the device grant, client_credentials.go,
// token_exchange.go and jwt_bearer.go the grants without a browser; what all grants but the code's share is in grant_handler.go. error.go and authorize_error.go are the only places that write an OAuth error.
//
// The package draws no page (package loginui does) and knows no SQL: GrantStore and ConsentStore are implemented by package storage.
package provider
