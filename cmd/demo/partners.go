package main

import (
	"net"

	"github.com/symbolon-id/symbolon/cmd/demo/partner"
)

// startPartners starts the partner apps, with what their developers were given.
func (d *demo) startPartners(l listeners, secrets map[string]string) error {
	books, radio := partner.SunnyBooks(), partner.NightRadio()
	for _, p := range []struct {
		product   partner.Product
		clientID  string
		listener  net.Listener
		neighbour partner.Neighbour
	}{
		{books, booksID, l.books, partner.Neighbour{Name: radio.Name, URL: d.radio}},
		{radio, radioID, l.radio, partner.Neighbour{Name: books.Name, URL: d.books}},
	} {
		app, err := partner.New(partner.Config{
			Product: p.product, BaseURL: baseURL(p.listener), Issuer: d.issuer, ClientID: p.clientID, ClientSecret: secrets[p.clientID], Log: d.log,
			Neighbour: p.neighbour, Reach: revocationReach,
		})
		if err != nil {
			return err
		}
		d.stops = append(d.stops, func() error { app.Close(); return nil })
		d.serve(p.product.Name, p.listener, app.Handler())
	}
	return nil
}
