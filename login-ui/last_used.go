package loginui

import (
	"net/http"
	"slices"

	"github.com/symbolon-id/symbolon/provider/upstream"
)

// lastUsedCookie remembers the id of the upstream that this browser signed in with last, and nothing of the person.
const lastUsedCookie = "__Host-symbolon-last"

func rememberUpstream(w http.ResponseWriter, id string) {
	http.SetCookie(w, &http.Cookie{
		Name: lastUsedCookie, Value: id, Path: "/", MaxAge: 180 * 24 * 3600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// byLastUse returns the upstreams with the last used one first, and whether there is one. A cookie that names no upstream of ours means nothing.
func byLastUse(r *http.Request, infos []upstream.Info) (ordered []upstream.Info, known bool) {
	ordered = slices.Clone(infos)
	cookies := r.CookiesNamed(lastUsedCookie)
	if len(cookies) != 1 {
		return ordered, false
	}
	at := slices.IndexFunc(ordered, func(info upstream.Info) bool { return info.ID == cookies[0].Value })
	if at < 0 {
		return ordered, false
	}
	last := ordered[at]
	return slices.Insert(slices.Delete(ordered, at, at+1), 0, last), true
}
