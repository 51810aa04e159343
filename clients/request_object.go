package clients

import "strings"

// maxRequestURI is the longest request_uri that RFC 9101 §5.2 advises, in bytes.
const maxRequestURI = 512

// validateRequestObjects looks at how the client signs its authorization requests, and where it keeps them.
func (m *Metadata) validateRequestObjects(found *problems, r Rules) {
	if m.RequestObjectSigningAlg != "" {
		oneOf(found, "request_object_signing_alg", m.RequestObjectSigningAlg, "RS256", "PS256", "ES256", "EdDSA")
	}
	if m.RequireSignedRequestObject && len(m.JWKS) == 0 && m.JWKSURI == "" {
		found.add("require_signed_request_object", "is true, but nothing says which keys the client signs with: add jwks_uri or jwks")
	}
	if !checkList(found, "request_uris", m.RequestURIs) {
		return
	}
	for _, uri := range m.RequestURIs {
		reason := checkPageURI(uri, r)
		switch {
		case len(uri) > maxRequestURI:
			reason = "is longer than 512 characters"
		case strings.HasSuffix(uri, "#"):
			reason = "has an empty fragment: leave the # out"
		}
		if reason != "" {
			found.add("request_uris", quote(uri)+" "+reason)
		}
	}
}
