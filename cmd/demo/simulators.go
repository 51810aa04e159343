package main

import "github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"

// What Symbolon is registered with at the simulated upstreams.
const (
	googleClientID       = "symbolon-demo.apps.googleusercontent.example"
	googleClientSecret   = "simulated-google-secret"
	facebookClientID     = "1000000000000001"
	facebookClientSecret = "simulated-facebook-secret"
)

// startSimulators starts the simulated upstreams.
func (d *demo) startSimulators(l listeners) {
	d.google = upstreamtest.NewGoogle(upstreamtest.Options{
		BaseURL: baseURL(l.google), ClientID: googleClientID, ClientSecret: googleClientSecret,
		RedirectURIs: []string{d.issuer + "/login/google/callback"},
	})
	d.serve("simulated Google", l.google, d.google)
	d.facebook = upstreamtest.NewFacebook(upstreamtest.Options{
		BaseURL: baseURL(l.facebook), ClientID: facebookClientID, ClientSecret: facebookClientSecret,
		RedirectURIs: []string{d.issuer + "/login/facebook/callback"},
	})
	d.serve("simulated Facebook", l.facebook, d.facebook)
}
