package loginui

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/details"
	"github.com/symbolon-id/symbolon/provider/web"
)

// maxDetails bounds how many authorization details of an app one page shows.
const maxDetails = 20

// appLine is one client that the person lets in.
type appLine struct {
	Handle     string
	Name       string
	Tile       tile
	Unverified bool
	Source     string // where its metadata document is, if it has one
	Since      string
	Scopes     []scopeLine
	Details    [][]detailPart
	More       string // that there are details beside those; may be empty

	clientID string
	offline  bool
	sessions []string
}

// appsOf lists the apps of the person, the newest first.
func (u *UI) appsOf(r *http.Request, h holder) ([]appLine, error) {
	connections, err := u.Connections.Connections(r.Context(), h.ID)
	if err != nil {
		return nil, unavailable(err)
	}
	lines := make([]appLine, 0, len(connections))
	for _, c := range connections {
		client, err := u.Records.Client(r.Context(), c.ClientID)
		switch {
		case errors.Is(err, clients.ErrNotFound): // it was deleted just now, or cannot be named: it can be ended all the same
			client = &clients.Client{ID: c.ClientID}
		case err != nil:
			return nil, unavailable(err)
		}
		lines = append(lines, u.appLine(h, c, client))
	}
	return lines, nil
}

func (u *UI) appLine(h holder, c provider.Connection, client *clients.Client) appLine {
	p := u.clientPartner(client, h.words.lang)
	scopes := c.Scopes
	if c.Offline && !slices.Contains(scopes, "offline_access") { // it has the access by another grant type
		scopes = append(slices.Clone(scopes), "offline_access")
	}
	allowed := c.Details.Filter(func(o details.Object) bool {
		return slices.Contains(client.Metadata.AuthorizationDetailsTypes, o.Type().Name)
	})
	line := appLine{
		Handle: handleOf("app", h.ID, c.ClientID), Name: p.Name, Tile: p.Tile, Unverified: p.Unverified, Source: p.Source,
		Since:  h.words.say("account.app.since", "when", h.words.when(c.Since)),
		Scopes: u.scopeLines(h.words.lang, scopes, h.Account), Details: detailLines(allowed, h.words.lang),
		clientID: c.ClientID, offline: c.Offline, sessions: c.Sessions,
	}
	if more := len(line.Details) - maxDetails; more > 0 {
		line.Details, line.More = line.Details[:maxDetails], h.words.counted("account.more", more)
	}
	return line
}

// names joins the names of apps, in the order of the alphabet.
func names(apps []appLine) string {
	list := make([]string, len(apps))
	for i, app := range apps {
		list[i] = isolate(app.Name)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return strings.Join(list, ", ")
}

// chosenApp returns the app that the path names, of the person's own; any other is not found.
func (u *UI) chosenApp(r *http.Request, h holder) (appLine, error) {
	apps, err := u.appsOf(r, h)
	if err != nil {
		return appLine{}, err
	}
	at := slices.IndexFunc(apps, func(a appLine) bool { return a.Handle == r.PathValue("id") })
	if at < 0 {
		return appLine{}, &web.PageError{Kind: web.PageNotFound}
	}
	return apps[at], nil
}

func (u *UI) showDisconnect(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := u.holderOf(w, r)
	if err != nil || !ok {
		return err
	}
	app, err := u.chosenApp(r, h)
	if err != nil {
		return err
	}
	v := confirmView{
		Action: r.URL.EscapedPath(), Tile: &app.Tile, Confirm: "account.app.disconnect", ID: "app-disconnect-confirm",
		Effects: []string{h.words.say("account.app.disconnect.effect", "client", app.Name)},
	}
	if n := len(app.sessions); n > 0 {
		v.Effects = append(v.Effects, h.words.counted("account.app.disconnect.sessions", n))
	}
	if app.offline {
		v.Effects = append(v.Effects, h.words.say("account.app.disconnect.offline"))
	}
	v.Notes = []string{h.words.say("account.app.disconnect.note")}
	return u.confirmPage(w, h, v, "account.app.disconnect.title", "client", app.Name)
}

func (u *UI) submitDisconnect(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := u.holderOf(w, r)
	if err != nil || !ok || !u.isOurs(w, r, h) {
		return err
	}
	app, err := u.chosenApp(r, h)
	if err != nil {
		return err
	}
	web.Annotate(r.Context(), "client", app.clientID)
	web.Annotate(r.Context(), "disconnected", true)
	if err := u.Connections.Disconnect(r.Context(), h.ID, app.clientID); err != nil {
		return unavailable(err)
	}
	web.SeeOther(w, accountWith(doneApp))
	return nil
}
