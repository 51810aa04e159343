package clients

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// OIDC Core §8.1: what the sector of a client is.
func TestSector(t *testing.T) {
	for document, want := range map[string]string{
		`{"redirect_uris":["https://App.example:8443/cb","https://app.example/other"]}`:                          "app.example",
		`{"redirect_uris":["https://a.example/cb","https://b.example/cb"]}`:                                      "",
		`{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://Sector.example:1/x?a.json"}`: "sector.example",
		`{"redirect_uris":["http://127.0.0.1/cb"]}`:                                                              "",
		`{"redirect_uris":["http://localhost/cb"]}`:                                                              "",
		`{"redirect_uris":["http://[::1]:80/cb"]}`:                                                               "",
		`{"redirect_uris":["com.example.app:/cb"]}`:                                                              "",
		`{"redirect_uris":["https://a.example/cb","com.example.app:/cb"]}`:                                       "",
		`{"redirect_uris":["com.example.app:/cb","https://a.example/cb"]}`:                                       "",
		`{}`: "",
	} {
		m, err := DecodeMetadata([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Sector(); got != want {
			t.Errorf("%s: %q", document, got)
		}
	}
}

func TestSectorMetadata(t *testing.T) {
	for _, document := range []string{
		`{"redirect_uris":["https://a.example/cb"],"subject_type":"pairwise"}`,
		`{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"subject_type":"pairwise","sector_identifier_uri":"https://a.example/s"}`,
		`{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"sector_identifier_uri":"https://a.example/s"}`,
	} {
		if err := validate(t, document, selfRegistered); err != nil {
			t.Errorf("%s: %v", document, err)
		}
	}
	for _, document := range []string{
		`{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"subject_type":"pairwise"}`,
		`{"redirect_uris":["http://127.0.0.1/cb"],"application_type":"native","subject_type":"pairwise"}`,
		`{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"http://a.example/s"}`,
		`{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://a.example/s#x"}`,
		`{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://127.0.0.1/s"}`,
		`{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://u:p@a.example/s"}`,
		`{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"javascript:alert(1)"}`,
		`{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"sector"}`,
	} {
		if got := problemsOf(t, validate(t, document, selfRegistered)); len(got) != 1 || got[0] != "sector_identifier_uri" {
			t.Errorf("%s: %v", document, got)
		}
	}
}

// OIDC Registration §5, RFC 7591 §3.2.2: the document lists every redirect URI, or the registration fails with invalid_client_metadata.
func TestSectorDocument(t *testing.T) {
	const good = `["https://x.example/","https://a.example/cb","https://b.example/cb"]`
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"/good": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(good)) },
		"/lacks": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`["https://a.example/cb","https://b.example/CB"]`))
		},
		"/empty":    func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`[]`)) },
		"/null":     func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`null`)) },
		"/object":   func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"redirect_uris":` + good + `}`)) },
		"/numbers":  func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`[1,2]`)) },
		"/more":     func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(good + good)) },
		"/html":     func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`<html>`)) },
		"/huge":     func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(good + strings.Repeat(" ", 65<<10))) },
		"/error":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); w.Write([]byte(good)) },
		"/redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) },
		"/slow":     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answers[r.URL.Path](w, r) }))
	defer server.Close()
	fetch := NewFetchSector(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	for path := range answers {
		m := Metadata{RedirectURIs: []string{"https://a.example/cb", "https://b.example/cb"}, SubjectType: SubjectPairwise, SectorIdentifierURI: server.URL + path}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err := fetch.Check(ctx, nil, &m)
		cancel()
		var invalid *MetadataError
		switch {
		case path == "/good" && err == nil:
		case path == "/good", !errors.As(err, &invalid), invalid.Code() != CodeInvalidClientMetadata, invalid.Problems[0].Member != "sector_identifier_uri":
			t.Errorf("%s: %v", path, err)
		}
	}
}

// JW-16: a sector is for good; what lies in it may change, and is then looked at again.
func TestSectorChanges(t *testing.T) {
	asked := 0
	fetch := FetchSector(func(_ context.Context, uri string) ([]byte, error) {
		asked++
		if strings.HasSuffix(uri, "gone") {
			return nil, errors.New("does not answer")
		}
		return []byte(`["https://a.example/1","https://b.example/2"]`), nil
	})
	pairwise := func(sector string, uris ...string) *Metadata {
		return &Metadata{SubjectType: SubjectPairwise, SectorIdentifierURI: sector, RedirectURIs: uris}
	}
	public := &Metadata{SubjectType: SubjectPublic, RedirectURIs: []string{"https://z.example/1"}}
	for name, test := range map[string]struct {
		old, next *Metadata
		ok        bool
		asked     int
	}{
		"another path":                       {pairwise("", "https://a.example/1"), pairwise("", "https://a.example/2"), true, 0},
		"another host":                       {pairwise("", "https://a.example/1"), pairwise("", "https://b.example/1"), false, 0},
		"another host, the sector stays":     {pairwise("", "https://a.example/1"), pairwise("https://a.example/s", "https://b.example/2"), true, 1},
		"another host, listed":               {pairwise("https://a.example/s", "https://a.example/1"), pairwise("https://a.example/s", "https://b.example/2"), true, 1},
		"another host, not listed":           {pairwise("https://a.example/s", "https://a.example/1"), pairwise("https://a.example/s", "https://c.example/2"), false, 1},
		"nothing new":                        {pairwise("https://a.example/gone", "https://a.example/1"), pairwise("https://a.example/gone", "https://a.example/1"), true, 0},
		"a redirect URI less":                {pairwise("https://a.example/gone", "https://a.example/1", "https://a.example/2"), pairwise("https://a.example/gone", "https://a.example/1"), true, 0},
		"another address of the document":    {pairwise("https://a.example/s", "https://a.example/1"), pairwise("https://a.example/t", "https://a.example/1"), true, 1},
		"the document goes to another host":  {pairwise("https://a.example/s", "https://a.example/1"), pairwise("https://b.example/s", "https://a.example/1"), false, 0},
		"public until now":                   {public, pairwise("", "https://a.example/1"), false, 0},
		"public from now on":                 {pairwise("", "https://a.example/1"), public, false, 0},
		"public, now as before":              {public, &Metadata{RedirectURIs: []string{"https://a.example/2"}}, true, 0},
		"the document is gone, and asked of": {pairwise("", "https://a.example/1"), pairwise("https://a.example/gone", "https://a.example/1"), false, 1},
	} {
		asked = 0
		if err := fetch.Check(t.Context(), test.old, test.next); (err == nil) != test.ok || asked != test.asked {
			t.Errorf("%s: asked %d times: %v", name, asked, err)
		}
	}
	if err := FetchSector(nil).Check(t.Context(), nil, pairwise("https://a.example/s", "https://a.example/1")); err == nil {
		t.Error("accepted without a look")
	}
}
