package loginui

import (
	"net/http"

	"github.com/symbolon-id/symbolon/provider/web"
)

// maxForm bounds the body of a form, in bytes: an interaction and a few short fields.
const maxForm = 16 << 10

// Routes returns every page, with what guards it. A path without a method answers all others with a page that says which there are.
func (u *UI) Routes() []web.Route {
	page, post := []web.Guard{u.pageHeaders}, []web.Guard{u.pageHeaders, u.ownOrigin, u.cross.Handler, web.MaxBody(maxForm)}
	return []web.Route{
		{Pattern: "GET /{$}", Guards: page, Handler: u.handle(u.showHome)},
		{Pattern: "GET /login", Guards: page, Handler: u.handle(u.showLogin)},
		{Pattern: "POST /login/cancel", Guards: post, Handler: u.handle(u.submitCancel)},
		{Pattern: "POST /login/{upstream}", Guards: post, Handler: u.handle(u.submitLogin)},
		{Pattern: "GET /login/{upstream}/callback", Guards: page, Handler: u.handle(u.serveCallback)},
		{Pattern: "GET /consent", Guards: page, Handler: u.handle(u.showConsent)},
		{Pattern: "POST /consent", Guards: post, Handler: u.handle(u.submitConsent)},
		{Pattern: "GET /device", Guards: page, Handler: u.handle(u.showDevice)},
		{Pattern: "POST /device", Guards: post, Handler: u.handle(u.submitDevice)},
		{Pattern: "GET /account", Guards: page, Handler: u.handle(u.showAccount)},
		{Pattern: "GET /account/sessions", Guards: page, Handler: u.handle(u.showEndOthers)},
		{Pattern: "POST /account/sessions", Guards: post, Handler: u.handle(u.submitEndOthers)},
		{Pattern: "GET /account/sessions/{id}", Guards: page, Handler: u.handle(u.showEndSession)},
		{Pattern: "POST /account/sessions/{id}", Guards: post, Handler: u.handle(u.submitEndSession)},
		{Pattern: "GET /account/apps/{id}", Guards: page, Handler: u.handle(u.showDisconnect)},
		{Pattern: "POST /account/apps/{id}", Guards: post, Handler: u.handle(u.submitDisconnect)},
		{Pattern: "GET /logout", Guards: page, Handler: u.handle(u.showLogout)},
		{Pattern: "POST /logout", Guards: post, Handler: u.handle(u.submitLogout)},
		{Pattern: "GET /assets/{file}", Handler: u.handle(u.serveAsset)},
		{Pattern: "GET /assets/client-logo/{name}", Guards: page, Handler: u.handle(u.serveClientLogo)},

		{Pattern: "/{$}", Guards: page, Handler: u.refuseMethod("GET, HEAD")},
		{Pattern: "/login", Guards: page, Handler: u.refuseMethod("GET, HEAD")},
		{Pattern: "/login/{upstream}", Guards: page, Handler: u.refuseMethod("POST")},
		{Pattern: "/login/{upstream}/callback", Guards: page, Handler: u.refuseMethod("GET")},
		{Pattern: "HEAD /login/{upstream}/callback", Guards: page, Handler: u.refuseMethod("GET")}, // would spend the attempt
		{Pattern: "/consent", Guards: page, Handler: u.refuseMethod("GET, HEAD, POST")},
		{Pattern: "/device", Guards: page, Handler: u.refuseMethod("GET, HEAD, POST")},
		{Pattern: "/account", Guards: page, Handler: u.refuseMethod("GET, HEAD")},
		{Pattern: "/account/sessions", Guards: page, Handler: u.refuseMethod("GET, HEAD, POST")},
		{Pattern: "/account/sessions/{id}", Guards: page, Handler: u.refuseMethod("GET, HEAD, POST")},
		{Pattern: "/account/apps/{id}", Guards: page, Handler: u.refuseMethod("GET, HEAD, POST")},
		{Pattern: "/logout", Guards: page, Handler: u.refuseMethod("GET, HEAD, POST")},
		{Pattern: "/assets/{file}", Guards: page, Handler: u.refuseMethod("GET, HEAD")},
		{Pattern: "/assets/client-logo/{name}", Guards: page, Handler: u.refuseMethod("GET, HEAD")},
	}
}

func (u *UI) handle(h web.Handler) http.Handler { return web.Handle(h, u.writeError) }

func (u *UI) refuseMethod(allow string) http.Handler {
	return u.handle(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", allow)
		return &web.PageError{Kind: web.PageMethod}
	})
}

// ownOrigin refuses a post whose Origin is not the issuer's. CrossOriginProtection looks at the host alone, and takes it from the request.
func (u *UI) ownOrigin(next http.Handler) http.Handler {
	refuse := u.handle(refuseCrossOrigin)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && origin != u.origin.Scheme+"://"+u.origin.Host {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuseCrossOrigin(http.ResponseWriter, *http.Request) error {
	return &web.PageError{Kind: web.PageForbidden}
}
