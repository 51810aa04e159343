package partner

import "github.com/coreos/go-oidc/v3/oidc"

// Product is what makes one partner app of the two.
type Product struct {
	Name   string // as people know it
	Look   string // its folder under looks
	Cookie string // cookies ignore ports, so the apps of one host need names of their own
	Scopes []string
	// API says that the product has an API of its own, for tokens with ShelfScope.
	API bool
}

// ShelfScope is what an access token needs for the API of Sunny Books.
const ShelfScope = "shelf"

// SunnyBooks is a shop with a reading list, and an API for it.
func SunnyBooks() Product {
	return Product{
		Name: "Sunny Books", Look: "books", Cookie: "sunny_books", API: true,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", ShelfScope},
	}
}

// NightRadio is a station that knows its listeners by name.
func NightRadio() Product {
	return Product{Name: "Night Radio", Look: "radio", Cookie: "night_radio", Scopes: []string{oidc.ScopeOpenID, "profile"}}
}

// The addresses that the administrator registers for an app, after its base URL.
const (
	CallbackPath          = "/callback"
	SignedOutPath         = "/signed-out"
	BackchannelLogoutPath = "/backchannel-logout"
	ShelfPath             = "/api/shelf"
)
