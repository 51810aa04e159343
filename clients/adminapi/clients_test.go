package adminapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
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
	if !slices.Equal(members, []string{"scope", "client_secret", "client_name", "redirect_uris", "redirect_uri"}) || strings.Contains(string(a.body), "mine") {
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
			{"Content-Type", ""},
			{"Content-Type", "text/plain"},
			{"Content-Type", "application/x-www-form-urlencoded"},
			{"Content-Type", "multipart/form-data; boundary=x"},
			{"Content-Type", "application/json; charset=utf-16"},
			{"Content-Type", "application/json/x"},
			{"Content-Type", ";"},
			{"Content-Type", "application/jsonx"},
			{"Content-Encoding", "gzip"},
			{"Content-Encoding", "br"},
			{"Content-Encoding", "gzip, gzip"},
			{"Content-Encoding", "identity"},
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

func TestAnswersAreNotSniffed(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{pathClients, pathClients + "/unknown", "/admin/v1/unknown"} {
		if a := h.send(http.MethodGet, path, ""); a.Header.Get("X-Content-Type-Options") != "nosniff" || len(a.Cookies()) > 0 {
			t.Errorf("%s: %v", path, a.Header)
		}
	}
}

// Two requests with one key are one client, also at the same moment; of two changes to one version, one is made.
func TestRequestsInParallel(t *testing.T) {
	h := newHarness(t)
	answers := make([]answer, 30)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = h.send("POST", pathClients, document, "Idempotency-Key", "k") })
	}
	wg.Wait()
	for _, a := range answers {
		if a.StatusCode != 201 || string(a.body) != string(answers[0].body) {
			t.Fatalf("%d %s\n%s", a.StatusCode, a.body, answers[0].body)
		}
	}
	path := pathClients + "/" + answers[0].str("client_id")
	for i := range answers {
		wg.Go(func() {
			answers[i] = h.send("PATCH", path, fmt.Sprintf(`{"client_name":"name %d"}`, i), "If-Match", `"1"`)
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, a := range answers {
		count[a.StatusCode]++
	}
	if count[200] != 1 || count[412] != len(answers)-1 {
		t.Errorf("%v", count)
	}
}
