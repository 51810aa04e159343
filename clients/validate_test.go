package clients

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// DS-11, AZ-16: what cannot be shown, or pretends to be something else, is refused in every text.
func TestTextsAreVisible(t *testing.T) {
	for name, text := range map[string]string{
		"NUL": "a\\u0000b", "lone surrogate": `a\ud800b`, "replacement character": "a\ufffdb", "newline": `a\nb`, "escape": `a\u001b[31mb`, "C1": `a\u0085b`,
		"right-to-left override": "a\u202eb", "isolate": "a\u2066b", "zero-width space": "Goo\u200bgle", "zero-width joiner": "Goo\u200dgle", "word joiner": "a\u2060b",
		"soft hyphen": "a\u00adb", "BOM": "a\ufeffb", "line separator": "a\u2028b", "Hangul filler": "a\u3164b", "tag": "a\U000e0041b", "no-break space": "a\u00a0b",
		"private use": "a\ue000b", "leading space": " a", "trailing space": "a ", "5,000 characters": strings.Repeat("a", 5000),
		"heaped marks": "Z" + strings.Repeat("\u0335\u0311", 20),
	} {
		for _, member := range []string{"client_name", "client_name#ko", "software_id", "software_version"} {
			err := validate(t, `{"redirect_uris":["https://a.example/"],"`+member+`":"`+text+`"}`, administrator)
			if got := problemsOf(t, err); !slices.Equal(got, []string{member}) {
				t.Errorf("%s in %s: %v", name, member, err)
			}
		}
		if err := validate(t, `{"redirect_uris":["https://a.example/"],"contacts":["`+text+`"]}`, administrator); err == nil {
			t.Errorf("%s in contacts: accepted", name)
		}
	}
	for _, name := range []string{"Gοogle", "Gооgle", "Аpple", "PayРal"} { // Greek and Cyrillic look-alikes
		if err := validate(t, `{"redirect_uris":["https://a.example/"],"client_name":"`+name+`"}`, administrator); err == nil {
			t.Errorf("%+q: accepted", name)
		}
	}
	if err := validate(t, `{"redirect_uris":["https://a.example/"],"client_name":"Ｇｏｏｇｌｅ"}`, selfRegistered); err == nil {
		t.Error("full-width letters: accepted from a client that registers itself")
	}
	for _, name := range []string{"카카오", "Яндекс Mail", "Ωmega"[2:] + " Ω", "日本語アプリ", "Café ☕ & <Söhne>", "שָׁלוֹם", "हिन्दी", "Việt Nam", "สวัสดี"} {
		for _, rules := range []Rules{administrator, selfRegistered} {
			if err := validate(t, `{"redirect_uris":["https://a.example/"],"client_name":"`+name+`"}`, rules); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func validate(t *testing.T, document string, r Rules) error {
	t.Helper()
	m, err := DecodeMetadata([]byte(document))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	m.Normalize()
	return m.Validate(r)
}

func TestValidateReportsEveryMistakeAtOnce(t *testing.T) {
	err := validate(t, `{
		"redirect_uris": ["http://app.example/cb", "https://app.example/cb", "https://app.example/cb", "javascript:alert(1)"],
		"token_endpoint_auth_method": "none", "grant_types": ["client_credentials", "implicit", "refresh_token"], "response_types": ["token"],
		"scope": "openid openid a\"b", "application_type": "desktop", "subject_type": "ephemeral", "id_token_signed_response_alg": "none",
		"default_max_age": -1, "client_uri": "http://app.example", "audience": ["https://api.example/#x", ""], "access_token_lifetime": 3601,
		"require_pkce": false, "introspect_any": true, "client_name#not a tag": "a", "client_name#de": ""
	}`, administrator)
	want := []string{
		"grant_types", "response_types", "grant_types", "grant_types", "redirect_uris", "redirect_uris", "redirect_uris", "client_uri",
		"client_name#de", "\"client_name#not a tag\"", "scope", "scope", "application_type", "subject_type", "id_token_signed_response_alg", "default_max_age",
		"audience", "audience", "access_token_lifetime", "require_pkce", "introspect_any",
	}
	if d := cmp.Diff(want, problemsOf(t, err)); d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	if text := err.Error(); strings.Contains(text, "\n") || !strings.HasSuffix(text, "correct them and try again") {
		t.Error(text)
	}
	var invalid *MetadataError
	errors.As(validate(t, `{"redirect_uris": ["http://app.example/cb"]}`, administrator), &invalid)
	if invalid == nil || invalid.Code() != CodeInvalidRedirectURI || len(invalid.Problems) != 1 {
		t.Errorf("RFC 7591 §3.2.2: %+v", invalid)
	}
	if got := problemsOf(t, validate(t, `{}`, administrator)); !slices.Equal(got, []string{"redirect_uris"}) {
		t.Errorf("no redirect_uris: %q", got)
	}
}

// DR-02: what gives a client more than others have is for administrators.
func TestPrivilegedMetadata(t *testing.T) {
	for member, value := range map[string]string{
		"audience": `["https://api.example/"]`, "skip_consent": "true", "require_pkce": "false", "access_token_lifetime": "3600", "introspect_any": "true",
		"access_token_format": `"opaque"`, "scope": `"openid symbolon:admin"`,
	} {
		document := `{"redirect_uris":["https://a.example/"],"` + member + `":` + value + `}`
		if got := problemsOf(t, validate(t, document, selfRegistered)); !slices.Equal(got, []string{member}) {
			t.Errorf("%s: %q", member, got)
		}
		if err := validate(t, document, administrator); err != nil {
			t.Errorf("%s from an administrator: %v", member, err)
		}
	}
	for _, document := range []string{`{"client_id":"a"}`, `{"trusted":true}`, `{"first_party":true}`, `{"owner":"a"}`, `{"tenant_id":"a"}`} {
		if _, err := DecodeMetadata([]byte(document)); err == nil {
			t.Errorf("%s: accepted", document)
		}
	}
	for _, document := range []string{`"id_token_signed_response_alg":"none"`, `"id_token_signed_response_alg":"HS256"`, `"subject_type":"ephemeral"`, `"grant_types":["password"]`} {
		if validate(t, `{"redirect_uris":["https://a.example/"],`+document+`}`, administrator) == nil {
			t.Errorf("%s: accepted", document)
		}
	}
}

// DR-03.
func TestDisplayURIs(t *testing.T) {
	pages := []string{"client_uri", "logo_uri", "tos_uri", "policy_uri", "initiate_login_uri"}
	for _, uri := range []string{
		"javascript:alert(1)", "JAVASCRIPT://a.example/%0aalert(1)", "data:text/html,x", "data:image/svg+xml;base64,AAAA", "http://app.example/", "HTTP://app.example/", "https://u:p@app.example/",
		"https://app.example@evil.example/", "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://[fc00::1]/", "https://[fe80::1]/",
		"https://169.254.169.254/latest/", "https://0.0.0.0/", "https://localhost/", "https://a.localhost/", "https://2130706433/", "ftp://app.example/", "//app.example/", "/logo.png",
		"app.example", `https://app.example\@evil.example/`, "https://app.example/\\u0000", "https://app.example/ x", "com.example.app:/x", "https://", "https://app.example/<x>",
		"https://app.example/#\\u0000", "https://app.example/" + strings.Repeat("a", 10<<10), "https://app.example/#" + strings.Repeat("a", 10<<10), "#", "https://224.0.0.1/",
	} {
		encoded, _ := json.Marshal(uri)
		for _, member := range pages {
			err := validate(t, `{"redirect_uris":["https://a.example/"],"`+member+`":`+string(encoded)+`}`, administrator)
			if got := problemsOf(t, err); !slices.Equal(got, []string{member}) {
				t.Errorf("%s in %s: %v", uri, member, err)
			}
		}
	}
	for _, uri := range []string{"javascript:alert(1)", "data:,", "http://app.example/", "https://u:p@app.example/", "http://10.0.0.1/", "https://app.example/" + strings.Repeat("a", 10<<10)} {
		err := validate(t, `{"redirect_uris":["https://a.example/"],"post_logout_redirect_uris":["`+uri+`"]}`, administrator)
		if got := problemsOf(t, err); !slices.Equal(got, []string{"post_logout_redirect_uris"}) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	for _, uri := range []string{"http://127.0.0.1:8081/", "http://localhost:8081/logo.png", "http://[::1]/", "https://localhost/"} {
		document := `{"redirect_uris":["https://a.example/"],"client_uri":"` + uri + `"}`
		if err := validate(t, document, Rules{LoopbackURLs: true}); err != nil {
			t.Errorf("%s on a developer's machine: %v", uri, err)
		}
	}
}
