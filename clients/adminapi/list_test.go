package adminapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// RFC 8288: the pages are all of the list, once each, in order.
func TestListClients(t *testing.T) {
	h := newHarness(t)
	if a := h.send("GET", pathClients, "").want(t, 200, ""); fmt.Sprint(a.json) != "map[clients:[]]" {
		t.Errorf("%s", a.body)
	}
	var want []string
	for i := range 7 {
		id := fmt.Sprintf("https://rp%d.example/", i)
		h.create(fmt.Sprintf(`{"redirect_uris":["https://a.example/"],"client_id":%q}`, id))
		want = append(want, id)
	}
	var got []string
	path := pathClients + "?limit=3"
	for pages := 0; path != ""; pages++ {
		a := h.send("GET", path, "", "Authorization", "Bearer reader").want(t, 200, "")
		for _, c := range a.json["clients"].([]any) {
			got = append(got, c.(map[string]any)["client_id"].(string))
		}
		path = ""
		if next := a.str("next"); next != "" {
			path = pathClients + "?limit=3&after=" + next
			if link := a.Header.Get("Link"); link != "<https://id.example"+path+`>; rel="next"` {
				t.Errorf("Link %q", link)
			}
		} else if a.Header.Get("Link") != "" {
			t.Errorf("the last page links on: %q", a.Header.Get("Link"))
		}
		if pages > 5 {
			t.Fatal("the pages do not end")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// AD-04.
func TestForgedCursorsAndFilters(t *testing.T) {
	h := newHarness(t)
	for i := range 4 {
		h.create(fmt.Sprintf(`{"redirect_uris":["https://a.example/"],"client_id":"c%d"}`, i))
	}
	next := h.send("GET", pathClients+"?limit=2", "").str("next")
	h.send("GET", pathClients+"?limit=2&after="+next, "").want(t, 200, "")
	flipped := []byte(next)
	flipped[len(flipped)-2] ^= 1
	for _, query := range []string{
		"?limit=2&after=" + string(flipped), "?limit=2&after=" + next + "A", "?limit=2&after=" + next[1:], "?limit=2&after=", "?limit=2&after=c1", "?limit=2&after=" + next + "%3D", "?limit=2&after=" + next + "%0A",
		"?limit=2&after=%00", "?limit=2&after=" + strings.Repeat("A", 5000), "?limit=3&after=" + next, "?after=" + next, "?limit=2&after=" + next + "&after=" + next,
		"?limit=0", "?limit=-1", "?limit=201", "?limit=x", "?limit=", "?limit=99999999999999999999", "?limit=1&limit=2", "?sort=id;drop", "?order_by=password_hash", "?filter[client_name]=a",
		"?client_name=%27%20OR%201=1", "?limit=2;after=x", "?%zz", "?Limit=2", "?offset=1", "?access_token=admin",
	} {
		h.send("GET", pathClients+query, "").want(t, 400, "invalid-request")
	}
	for _, token := range []string{"other", "reader"} {
		h.send("GET", pathClients+"?limit=2&after="+next, "", "Authorization", "Bearer "+token).want(t, 400, "invalid-request")
	}
	for _, request := range [][]string{{"POST", pathClients, document}, {"GET", pathClients + "/c0", ""}, {"PATCH", pathClients + "/c0", "{}"}, {"DELETE", pathClients + "/c0", ""}, {"POST", pathClients + "/c0/secrets", ""}, {"GET", "/admin/v1/openapi.json", ""}} {
		h.send(request[0], request[1]+"?force=true", request[2]).want(t, 400, "invalid-request")
	}
}

// FuzzCursor: no text but one that was made here opens, and only for its own caller and query.
func FuzzCursor(f *testing.F) {
	api := &API{cfg: Config{CursorKey: []byte(strings.Repeat("k", 32))}}
	caller := Caller{ClientID: "a", AccountID: "b"}
	f.Add("c1", "x", 5)
	f.Add("", api.newCursor(caller, 5, "c1"), 5)
	f.Fuzz(func(t *testing.T, id, forged string, limit int) {
		cursor := api.newCursor(caller, limit, id)
		if got, err := api.openCursor(caller, limit, cursor); (err != nil || got != id) && id != "" {
			t.Fatalf("%q: %q, %v", id, got, err)
		}
		for _, c := range []Caller{{ClientID: "ab"}, {ClientID: "a"}, {ClientID: "b", AccountID: "a"}} {
			if _, err := api.openCursor(c, limit, cursor); err == nil {
				t.Fatal("another caller's cursor opens")
			}
		}
		if _, err := api.openCursor(caller, limit+1, cursor); err == nil {
			t.Fatal("another query's cursor opens")
		}
		if after, err := api.openCursor(caller, limit, forged); err == nil && api.newCursor(caller, limit, after) != forged {
			t.Fatalf("%q opens", forged)
		}
	})
}
