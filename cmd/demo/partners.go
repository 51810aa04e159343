package main

import (
	"net"

	"github.com/symbolon-id/symbolon/cmd/demo/partner"
)

// startPartners starts the partner apps, with what their developers were given.
func (d *demo) startPartners(l listeners, secrets map[string]string) error {
	for _, p := range []struct {
		product  partner.Product
		clientID string
		listener net.Listener
	}{
		{partner.SunnyBooks(), booksID, l.books},
		{partner.NightRadio(), radioID, l.radio},
	} {
		app, err := partner.New(partner.Config{
			Product: p.product, BaseURL: baseURL(p.listener), Issuer: d.issuer, ClientID: p.clientID, ClientSecret: secrets[p.clientID], Log: d.log,
		})
		if err != nil {
			return err
		}
		d.serve(p.product.Name, p.listener, app.Handler())
	}
	return nil
}
