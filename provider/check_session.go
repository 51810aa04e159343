package provider

import (
	_ "embed"
	"net/http"
	"strings"

	"github.com/symbolon-id/symbolon/provider/web"
)

const (
	checkSessionPath       = "/oauth2/check_session"
	checkSessionScriptPath = "/oauth2/check_session.js"
)

// checkSessionScript is ES5 and has a SHA-256 of its own: it runs in other people's pages, in whatever browser they support.
//
//go:embed check_session.js
var checkSessionScript []byte

const checkSessionPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Session check</title>
<script src="` + checkSessionScriptPath + `"></script>
</html>
`

// checkSessionRoutes are there when session management is on.
func (p *Provider) checkSessionRoutes() []web.Route {
	if !p.config.Sessions.SharesState() {
		return nil
	}
	guards := []web.Guard{web.Headers(
		"Cache-Control", "public, max-age=300", "X-Content-Type-Options", "nosniff", "Referrer-Policy", "no-referrer",
		"Content-Security-Policy", p.checkSessionPolicy(),
	)}
	return []web.Route{
		{Pattern: "GET " + checkSessionPath, Guards: guards, Handler: serveFixed("text/html; charset=utf-8", []byte(checkSessionPage))},
		{Pattern: "GET " + checkSessionScriptPath, Guards: guards, Handler: serveFixed("text/javascript; charset=utf-8", checkSessionScript)},
	}
}

// checkSessionPolicy is the policy of the one page of ours that others may frame. It shows nothing, so nothing can be clicked by mistake. Which
// clients there are is not known when it is served: every https origin may frame it, and those of a developer's machine when the issuer is there.
func (p *Provider) checkSessionPolicy() string {
	policy := "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors https:"
	if strings.HasPrefix(p.config.Issuer, "http:") {
		policy += " http://localhost:* http://127.0.0.1:*"
	}
	return policy
}

// serveFixed answers with content that never changes.
func serveFixed(contentType string, content []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(content)
	})
}
