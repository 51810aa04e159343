package adminapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
)

// RFC 7591 §3.2.1.
func TestCreateClient(t *testing.T) {
	h := newHarness(t)
	a := h.send("POST", pathClients, document).want(t, 201, "")
	id := a.str("client_id")
	if a.Header.Get("Location") != "https://id.example/admin/v1/clients/"+id || a.Header.Get("ETag") != `"1"` || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", a.Header)
	}
	if !strings.HasPrefix(a.str("client_secret"), "sym_cs_") || a.json["client_secret_expires_at"] != float64(0) || a.json["client_id_issued_at"].(float64) < float64(time.Now().Add(-time.Minute).Unix()) {
		t.Errorf("%s", a.body)
	}
	if a.str("client_name") != "App" || a.str("client_name#ko") != "앱" || a.str("scope") != "openid profile email" || a.str("token_endpoint_auth_method") != "client_secret_basic" {
		t.Errorf("%s", a.body)
	}
	public := h.send("POST", pathClients, `{"redirect_uris":["http://127.0.0.1/cb","com.example.app:/cb"],"application_type":"native","token_endpoint_auth_method":"none"}`).want(t, 201, "")
	if public.json["client_secret"] != nil || public.json["client_secret_expires_at"] != nil {
		t.Errorf("a public client got a secret: %s", public.body)
	}
}

// AZ-05, AZ-06, AZ-08, DR-03: all mistakes at once, by RFC 7591 names and codes.
func TestCreateClientRefusesMistakes(t *testing.T) {
	h := newHarness(t)
	for _, uri := range []string{
		"javascript:alert(1)", "javascript://good.example/%0aalert(1)", "JaVaScRiPt:", "data:text/html,x", "vbscript:x", "blob:x", "file:///x", "about:blank", "https://*.good.example/*",
		"https://good.example/*", "https://u@good.example/", "https://good.example/cb?code=1", "https://good.example/#x", "http://good.example/", `https:\\good.example`,
	} {
		a := h.send("POST", pathClients, fmt.Sprintf(`{"redirect_uris":[%q]}`, uri)).want(t, 400, "invalid-client-metadata")
		if p := a.json["errors"].([]any)[0].(map[string]any); p["member"] != "redirect_uris" || p["code"] != "invalid_redirect_uri" || p["reason"] == "" {
			t.Errorf("%s: %s", uri, a.body)
		}
	}
	a := h.send("POST", pathClients, `{"redirect_uri":"https://a.example","scope":7,"client_secret":"mine","client_name":"a","client_name":"b"}`).want(t, 400, "invalid-client-metadata")
	var members []string
	for _, p := range a.json["errors"].([]any) {
		members = append(members, p.(map[string]any)["member"].(string))
	}
	if !slices.Equal(members, []string{"redirect_uri", "scope", "client_secret", "client_name"}) || strings.Contains(string(a.body), "mine") {
		t.Errorf("%s", a.body)
	}
	if list := h.send("GET", pathClients, "").want(t, 200, ""); len(list.json["clients"].([]any)) != 0 {
		t.Errorf("something was stored: %s", list.body)
	}
}

// DS-03, DS-04, DS-11.
func TestBodies(t *testing.T) {
	h := newHarness(t)
	path, _ := h.create(document)
	for name, body := range map[string]string{
		"empty": " ", "nested arrays": strings.Repeat("[", 60000), "nested in a member": `{"redirect_uris":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + `}`,
		"trailing garbage": document + "x", "two documents": document + document, "NaN": `{"default_max_age":NaN}`, "null": "null", "array": "[]", "string": `"a"`,
		"NUL": `{"redirect_uris":["https://a.example/"],"client_name":"a\u0000b"}`, "lone surrogate": `{"redirect_uris":["https://a.example/"],"client_name":"\ud800"}`,
		"overlong UTF-8": "{\"client_name\":\"\xc0\x80\"}", "invalid UTF-8": "{\"client_name\":\"\xff\"}", "NUL in an id": `{"redirect_uris":["https://a.example/"],"client_id":"a\u0000b"}`,
		"many keys": `{` + strings.Repeat(`"a":1,`, 10000) + `"b":1}`, "cut off": document[:20],
	} {
		h.send("POST", pathClients, body).want(t, 400, "invalid-client-metadata")
		if name != "NUL in an id" {
			h.send("PATCH", path, body).want(t, 400, "invalid-client-metadata")
		}
	}
	huge := `{"client_name":"` + strings.Repeat("a", clients.MaxDocument) + `"}`
	for _, request := range [][]string{{"POST", pathClients}, {"PATCH", path}, {"POST", path + "/secrets"}} {
		h.send(request[0], request[1], huge).want(t, 413, "too-large")
		for _, headers := range [][]string{
			{"Content-Type", ""}, {"Content-Type", "text/plain"}, {"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Type", "multipart/form-data; boundary=x"},
			{"Content-Type", "application/json; charset=utf-16"}, {"Content-Type", "application/json/x"}, {"Content-Type", ";"}, {"Content-Type", "application/jsonx"},
			{"Content-Encoding", "gzip"}, {"Content-Encoding", "br"}, {"Content-Encoding", "gzip, gzip"}, {"Content-Encoding", "identity"},
		} {
			a := h.send(request[0], request[1], `{}`, headers...).want(t, 415, "unsupported-media-type")
			if a.Header.Get("Accept-Post")+a.Header.Get("Accept-Patch") == "" {
				t.Errorf("%v: it does not say what is supported", request)
			}
		}
	}
	h.send("POST", pathClients, document, "Content-Type", "application/merge-patch+json").want(t, 415, "unsupported-media-type")
	h.send("POST", pathClients, document, "Content-Type", "Application/JSON; charset=UTF-8").want(t, 201, "")
	h.send("PATCH", path, `{}`, "Content-Type", "application/merge-patch+json").want(t, 200, "")
}

// Ids are opaque, up to 2,048 characters, and may be URLs: one percent-encoded path segment.
func TestChosenIDs(t *testing.T) {
	h := newHarness(t)
	for _, id := range []string{
		"plain", "https://rp.example/", "https://rp.example//a/../b?c=d&e=%2F#f", "a/b", "%2F", "%", "+", "a+b&c;d", "...", "'quoted\"", "https://rp.example/" + strings.Repeat("x", 2029), "secrets", "~", "{id}", "a:b@c",
	} {
		a := h.send("POST", pathClients, fmt.Sprintf(`{"redirect_uris":["https://a.example/"],"client_id":%q}`, id)).want(t, 201, "")
		if a.str("client_id") != id {
			t.Errorf("%q became %q", id, a.str("client_id"))
		}
		location, err := url.Parse(a.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{location.EscapedPath(), pathClients + "/" + url.QueryEscape(strings.ReplaceAll(id, "+", "%2B"))} {
			if strings.ContainsAny(id, "+%") && path != location.EscapedPath() {
				continue // form encoding is another encoding
			}
			if got := h.send("GET", path, "").want(t, 200, ""); got.str("client_id") != id {
				t.Errorf("%q: %s", id, got.body)
			}
		}
		path := location.EscapedPath()
		h.send("PATCH", path, `{"client_name":"New"}`).want(t, 200, "")
		h.send("POST", path+"/secrets", "").want(t, 201, "")
		h.send("POST", pathClients, fmt.Sprintf(`{"redirect_uris":["https://a.example/"],"client_id":%q}`, id)).want(t, 409, "client-exists")
		h.send("DELETE", path, "").want(t, 204, "")
		h.send("GET", path, "").want(t, 404, "client-not-found")
		// DR-06: never given again.
		h.send("POST", pathClients, fmt.Sprintf(`{"redirect_uris":["https://a.example/"],"client_id":%q}`, id)).want(t, 409, "client-exists")
	}
	for _, id := range []string{" ", "a b", ".", "..", "é", strings.Repeat("x", 2049), "a\\n"} {
		h.send("POST", pathClients, `{"redirect_uris":["https://a.example/"],"client_id":"`+id+`"}`).want(t, 400, "invalid-client-metadata")
	}
	for _, segment := range []string{"unknown", "a%00b", "%ff", "%00", strings.Repeat("x", 3000), "%F0%9F%98%80"} {
		h.send("GET", pathClients+"/"+segment, "").want(t, 404, "client-not-found")
		h.send("PATCH", pathClients+"/"+segment, "{}").want(t, 404, "client-not-found")
		h.send("DELETE", pathClients+"/"+segment, "").want(t, 404, "client-not-found")
		h.send("POST", pathClients+"/"+segment+"/secrets", "").want(t, 404, "client-not-found")
		h.send("DELETE", pathClients+"/"+segment, "", "If-Match", `"1"`).want(t, 404, "client-not-found")
	}
}

// DR-07: a secret is shown once, a hash never.
func TestSecretsAreShownOnce(t *testing.T) {
	h := newHarness(t)
	path, secret := h.create(document)
	rotated := h.send("POST", path+"/secrets", `{"overlap_seconds":60}`).want(t, 201, "")
	if rotated.str("client_secret") == secret || !strings.HasPrefix(rotated.str("client_secret"), "sym_cs_") || rotated.Header.Get("ETag") != `"2"` {
		t.Fatalf("%s", rotated.body)
	}
	for _, a := range []answer{h.send("GET", path, ""), h.send("GET", pathClients, ""), h.send("PATCH", path, `{"client_name":"x"}`), h.send("POST", pathClients, fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://a.example/"]}`, strings.TrimPrefix(path, pathClients+"/")))} {
		body := string(a.body)
		if strings.Contains(body, secret) || strings.Contains(body, "sym_cs_") || strings.Contains(body, "sha256") || strings.Contains(body, "hash") || strings.Contains(body, `"client_secret"`) || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", a.Request.URL, body)
		}
	}
	list := h.send("GET", path, "").json["client_secrets"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["expires_at"] != float64(0) || list[1].(map[string]any)["expires_at"] == float64(0) {
		t.Errorf("%v", list)
	}
}

// CA-07.
func TestRotateSecret(t *testing.T) {
	h := newHarness(t)
	path, first := h.create(document)
	id := strings.TrimPrefix(path, pathClients+"/")
	verifier := clients.NewSecretVerifier()
	valid := func(secret string) bool {
		c, err := h.db.Client(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		ok, err := verifier.Verify(t.Context(), c, secret)
		return ok && err == nil
	}
	second := h.send("POST", path+"/secrets", "").want(t, 201, "").str("client_secret")
	if !valid(first) || !valid(second) {
		t.Error("both must be valid for a day")
	}
	third := h.send("POST", path+"/secrets", `{}`).want(t, 201, "").str("client_secret")
	if valid(first) || !valid(second) || !valid(third) {
		t.Error("only the newest two may be valid")
	}
	fourth := h.send("POST", path+"/secrets", `{"overlap_seconds":0}`).want(t, 201, "").str("client_secret")
	if valid(second) || valid(third) || !valid(fourth) {
		t.Error("without overlap the old one must end at once")
	}
	for _, body := range []string{`{"overlap_seconds":-1}`, `{"overlap_seconds":2592001}`, `{"overlap_seconds":9223372036854775807}`, `{"overlap_seconds":1e300}`, `{"overlap_seconds":"60"}`, `{"overlap_seconds":1.5}`, `{"overlap_seconds":null}`, `{"Overlap_Seconds":1}`, `{"x":1}`, `{"overlap_seconds":1,"x":1}`, `null`, `[]`, `{`, `{} {}`} {
		h.send("POST", path+"/secrets", body).want(t, 400, "invalid-request")
	}
	h.send("POST", path+"/secrets", "", "If-Match", `"1"`).want(t, 412, "version-mismatch")
	if !valid(fourth) {
		t.Error("a refused rotation changed the secret")
	}
	public, _ := h.create(`{"redirect_uris":["https://a.example/"],"token_endpoint_auth_method":"none"}`)
	h.send("POST", public+"/secrets", "").want(t, 409, "client-has-no-secret")
}

// RFC 7396, RFC 9110 §13.1.1.
func TestUpdateClient(t *testing.T) {
	h := newHarness(t)
	path, _ := h.create(document)
	a := h.send("PATCH", path, `{"client_name":"New","client_name#ko":null,"contacts":["a@b.example"]}`, "If-Match", `"1"`).want(t, 200, "")
	if a.str("client_name") != "New" || a.json["client_name#ko"] != nil || a.Header.Get("ETag") != `"2"` || a.json["version"] != float64(2) {
		t.Errorf("%s", a.body)
	}
	for _, tag := range []string{`"1"`, `"3"`, `W/"2"`, `"02"`, `"+2"`, `"x"`, `""`, `"1", "3"`, `"99999999999999999999"`} {
		h.send("PATCH", path, `{"client_name":"Lost"}`, "If-Match", tag).want(t, 412, "version-mismatch")
		h.send("DELETE", path, "", "If-Match", tag).want(t, 412, "version-mismatch")
	}
	for _, tag := range []string{`2`, `"2`, `,`, `"2" "3"x`} {
		h.send("PATCH", path, `{"client_name":"Lost"}`, "If-Match", tag).want(t, 400, "invalid-request")
	}
	for i, tag := range []string{`"2"`, `*`, `"1", "4"`} {
		if a := h.send("PATCH", path, `{}`, "If-Match", tag).want(t, 200, ""); a.Header.Get("ETag") != etag(int64(i+3)) {
			t.Errorf("%s: %v", tag, a.Header)
		}
	}
	// AD-02: nobody gets at what the server keeps.
	for _, member := range []string{"client_id", "client_secret", "client_secrets", "client_id_issued_at", "version", "created_at", "hash", "id", "disabled_at", "is_admin", "role", "secrets", "Secrets", "DisabledAt"} {
		a := h.send("PATCH", path, `{"`+member+`":null}`).want(t, 400, "invalid-client-metadata")
		if !strings.Contains(string(a.body), `"`+member+`"`) {
			t.Errorf("%s is not named: %s", member, a.body)
		}
	}
	h.send("PATCH", path, `{"redirect_uris":null}`).want(t, 400, "invalid-client-metadata")
	if a := h.send("PATCH", path, `{"disabled":true}`).want(t, 200, ""); a.json["disabled_at"] == nil {
		t.Errorf("%s", a.body)
	}
	if a := h.send("PATCH", path, `{"disabled":false}`).want(t, 200, ""); a.json["disabled_at"] != nil {
		t.Errorf("%s", a.body)
	}
	h.send("DELETE", path, "", "If-Match", `"7"`).want(t, 204, "")
	h.send("PATCH", path, `{}`).want(t, 404, "client-not-found")
}

func TestIdempotencyKey(t *testing.T) {
	h := newHarness(t)
	first := h.send("POST", pathClients, document, "Idempotency-Key", "k1").want(t, 201, "")
	for _, body := range []string{document, strings.ReplaceAll(document, ",", " , ")} {
		again := h.send("POST", pathClients, body, "Idempotency-Key", "k1").want(t, 201, "")
		if string(again.body) != string(first.body) || again.Header.Get("Location") != first.Header.Get("Location") || again.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("%s\n%s", again.body, first.body)
		}
	}
	h.send("POST", pathClients, fullDocument, "Idempotency-Key", "k1").want(t, 409, "idempotency-key-reused")
	if other := h.send("POST", pathClients, document, "Idempotency-Key", "k1", "Authorization", "Bearer other").want(t, 201, ""); other.str("client_secret") == first.str("client_secret") || other.str("client_id") == first.str("client_id") {
		t.Error("another caller got the first one's secret")
	}
	if other := h.send("POST", pathClients, document, "Idempotency-Key", "k2").want(t, 201, ""); other.str("client_id") == first.str("client_id") {
		t.Error("another key gave the same client")
	}
	for _, headers := range [][]string{{"Idempotency-Key", strings.Repeat("k", 256)}, {"Idempotency-Key", "a", "Idempotency-Key", "b"}} {
		h.send("POST", pathClients, document, headers...).want(t, 400, "invalid-request")
	}
	h.send("DELETE", pathClients+"/"+first.str("client_id"), "").want(t, 204, "")
	h.send("POST", pathClients, document, "Idempotency-Key", "k1").want(t, 409, "client-exists")
}

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

func TestAnswersAreNotSniffed(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{pathClients, pathClients + "/unknown", "/admin/v1/unknown"} {
		if a := h.send(http.MethodGet, path, ""); a.Header.Get("X-Content-Type-Options") != "nosniff" || len(a.Cookies()) > 0 {
			t.Errorf("%s: %v", path, a.Header)
		}
	}
}
