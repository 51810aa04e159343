package main

import "github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"

// What Symbolon is registered with at the simulated upstreams.
const (
	googleClientID       = "symbolon-demo"
	googleClientSecret   = "simulated-google-secret"
	facebookClientID     = "1000000000000001"
	facebookClientSecret = "simulated-facebook-secret"
)

// makeSimulators makes the simulated upstreams and returns what starts them.
func (d *demo) makeSimulators(l listeners) (start func()) {
	google := upstreamtest.NewGoogle(upstreamtest.Options{
		BaseURL: baseURL(l.google), ClientID: googleClientID, ClientSecret: googleClientSecret,
		RedirectURIs: []string{d.issuer + "/login/google/callback"},
	})
	facebook := upstreamtest.NewFacebook(upstreamtest.Options{
		BaseURL: baseURL(l.facebook), ClientID: facebookClientID, ClientSecret: facebookClientSecret,
		RedirectURIs: []string{d.issuer + "/login/facebook/callback"},
	})
	return func() {
		d.google, d.facebook = google, facebook
		d.serve("simulated Google", l.google, google)
		d.serve("simulated Facebook", l.facebook, facebook)
	}
}
