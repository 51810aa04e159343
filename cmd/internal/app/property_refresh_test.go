package app_test

import (
	"slices"

	"pgregory.net/rapid"
)

// refreshed records what a good refresh gave.
func (h *history) refreshed(t *rapid.T, f *family, generation int, r reply) {
	answered(t, r, 200)
	next := r.text("refresh_token")
	switch {
	case generation == len(f.refresh)-1:
		f.refresh, f.stale = append(f.refresh, next), false
	case next != f.refresh[generation+1]:
		t.Fatal("another successor of the same refresh token")
	}
	if readJWT(h.w.t, r.text("access_token")).text("sub") != f.person.subject || h.w.indexOf(r.text("access_token")) != f.index {
		t.Fatal("the refreshed token belongs to somebody or something else")
	}
	f.access = append(f.access, r.text("access_token"))
}

func (h *history) refresh(t *rapid.T) {
	f := h.family(t)
	r := f.client.at(h.node(t)).refresh(f.refresh[len(f.refresh)-1])
	if f.ended || f.expired {
		answered(t, r, 400, 401)
		return
	}
	h.refreshed(t, f, len(f.refresh)-1, r)
}

// refreshOld presents a refresh token that has a successor: inside the grace window the answer is the same again, outside it ends the family.
func (h *history) refreshOld(t *rapid.T) {
	f := h.family(t)
	if len(f.refresh) < 2 {
		t.Skip("it has not been refreshed")
	}
	generation := rapid.IntRange(0, len(f.refresh)-2).Draw(t, "generation")
	r := f.client.at(h.node(t)).refresh(f.refresh[generation])
	switch {
	case f.ended, f.expired:
		answered(t, r, 400, 401)
	case generation == len(f.refresh)-2 && !f.stale:
		h.refreshed(t, f, generation, r)
	default:
		answered(t, r, 400)
		f.ended = true
	}
}

// refreshAtOnce is a client with two tabs and two nodes: all get one and the same successor.
func (h *history) refreshAtOnce(t *rapid.T) {
	f := h.family(t)
	token, replies := f.refresh[len(f.refresh)-1], make([]reply, 6)
	parallel(len(replies), func(i int) { replies[i] = f.client.at(h.nodes[i%len(h.nodes)]).refresh(token) })
	generation := len(f.refresh) - 1
	for _, r := range replies {
		if f.ended || f.expired {
			answered(t, r, 400, 401)
			continue
		}
		h.refreshed(t, f, generation, r)
	}
}

func (h *history) refreshElsewhere(t *rapid.T) {
	f := h.family(t)
	answered(t, pick(t, "thief", h.others(f.client)).at(h.node(t)).refresh(pick(t, "generation", f.refresh)), 400)
}

func (h *history) passGrace(t *rapid.T) {
	f := h.family(t)
	h.exec("UPDATE grants SET refreshed_at = refreshed_at - 120000 WHERE id = '" + f.grant + "' AND refreshed_at > 0")
	f.stale = true
}

func (h *history) expire(t *rapid.T) {
	f := h.family(t)
	h.exec("UPDATE grants SET expires_at = " + millisNow() + " WHERE id = '" + f.grant + "'")
	f.expired = true
}

// revoke revokes any token of a family, the oldest as well as the newest.
func (h *history) revoke(t *rapid.T) {
	f := h.family(t)
	token := pick(t, "token", append(slices.Clone(f.refresh), f.access...))
	answered(t, f.client.at(h.node(t)).post("/oauth2/revoke", "token", token), 200, 401)
	known := slices.Contains(f.refresh, token) || h.alive(f, token)
	if known && slices.Contains(h.clients, f.client) {
		f.ended = true
	}
}

func (h *history) revokeElsewhere(t *rapid.T) {
	f := h.family(t)
	token := pick(t, "token", append(slices.Clone(f.refresh), f.access...))
	answered(t, pick(t, "other client", h.others(f.client)).at(h.node(t)).post("/oauth2/revoke", "token", token), 200)
}
