package clients

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const fullDocument = `{
	"redirect_uris": ["https://app.example/cb", "http://127.0.0.1:8081/cb"], "token_endpoint_auth_method": "client_secret_post",
	"grant_types": ["authorization_code", "refresh_token", "client_credentials"], "response_types": ["code"], "client_name": "Example",
	"client_name#ko": "예시", "client_name#pt-BR": "Exemplo", "client_uri": "https://app.example/", "logo_uri": "https://app.example/logo.png",
	"policy_uri": "https://app.example/legal#privacy", "tos_uri": "https://app.example/tos", "scope": "openid email symbolon:admin",
	"contacts": ["admin@app.example"], "application_type": "native", "subject_type": "public", "id_token_signed_response_alg": "ES256",
	"default_max_age": 0, "post_logout_redirect_uris": ["https://app.example/bye"], "initiate_login_uri": "https://app.example/start",
	"software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "2.1", "audience": ["https://api.example/", "inventory"], "skip_consent": true,
	"require_pkce": false, "access_token_lifetime": 300, "introspect_any": true,
	"backchannel_logout_uri": "https://app.example/bc", "backchannel_logout_session_required": true,
	"frontchannel_logout_uri": "https://app.example/fc", "frontchannel_logout_session_required": true,
	"request_object_signing_alg": "PS256", "require_signed_request_object": true, "request_uris": ["https://client.example/request"], "require_pushed_authorization_requests": true,
	"dpop_bound_access_tokens": true, "introspection_signed_response_alg": "ES256", "authorization_signed_response_alg": "PS256", "access_token_format": "opaque",
	"token_endpoint_auth_signing_alg": "ES256", "tls_client_certificate_bound_access_tokens": true, "jwks": {"keys": [
	{"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}
}`

// problemsOf returns "member: code" for each mistake.
func problemsOf(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var invalid *MetadataError
	if !errors.As(err, &invalid) {
		t.Fatalf("error %v is no MetadataError", err)
	}
	var list []string
	for _, p := range invalid.Problems {
		list = append(list, p.Member)
		if p.Reason == "" || p.Code == "" || strings.ContainsAny(p.Reason, "\r\n\x00\x1b") {
			t.Errorf("problem %+v has no code or reason of one line", p)
		}
	}
	return list
}

func TestMetadataMembersAreTheStructTags(t *testing.T) {
	var m Metadata
	var names []string
	for _, member := range m.members() {
		names = append(names, member.name)
	}
	var tags []string
	for i := range reflect.TypeFor[Metadata]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[Metadata]().Field(i).Tag.Get("json"), ",")
		if name != "-" {
			tags = append(tags, name)
		}
	}
	if d := cmp.Diff(tags, names); d != "" {
		t.Error(d)
	}
}

func TestMetadataRoundTrip(t *testing.T) {
	m, err := DecodeMetadata([]byte(fullDocument))
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]any
	if err := json.Unmarshal([]byte(fullDocument), &want); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var again Metadata
	if err := json.Unmarshal(encoded, &again); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, again); d != "" {
		t.Error(d)
	}
	before := m
	m.Normalize()
	if d := cmp.Diff(before, m); d != "" {
		t.Error("Normalize changed a full document", d)
	}
	if err := m.Validate(administrator); err != nil {
		t.Error(err)
	}
}

func TestMetadataEncodesEmptyAndOnlyLocalized(t *testing.T) {
	for want, m := range map[string]Metadata{
		`{}`:                     {},
		`{"client_name#ko":"예"}`: {ClientNameLocalized: map[string]string{"ko": "예"}},
		`{"client_name":"E"}`:    {ClientName: "E", ClientNameLocalized: map[string]string{}},
	} {
		got, err := json.Marshal(m)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

// RFC 7591 §2: the defaults.
func TestNormalizeDefaults(t *testing.T) {
	m := Metadata{RedirectURIs: []string{"https://app.example/cb"}}
	m.Normalize()
	want := Metadata{
		RedirectURIs: []string{"https://app.example/cb"}, TokenEndpointAuthMethod: "client_secret_basic", GrantTypes: []string{"authorization_code"},
		ResponseTypes: []string{"code"}, ApplicationType: "web", SubjectType: "public", IDTokenSignedResponseAlg: "RS256", Scope: "openid profile email",
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
	if err := m.Validate(selfRegistered); err != nil {
		t.Error(err)
	}
	m = Metadata{GrantTypes: []string{"authorization_code", "refresh_token"}}
	m.Normalize()
	if m.Scope != "openid profile email offline_access" {
		t.Errorf("scope %q", m.Scope)
	}
	m = Metadata{GrantTypes: []string{"client_credentials"}, Scope: "  a \t b "}
	m.Normalize()
	if m.Scope != "a b" || m.ResponseTypes != nil {
		t.Errorf("%+v", m)
	}
	if err := m.Validate(administrator); err != nil {
		t.Error(err)
	}
	m = Metadata{GrantTypes: []string{"client_credentials"}}
	if m.Normalize(); m.Scope != "" {
		t.Errorf("scope %q for client_credentials alone", m.Scope)
	}
	m = Metadata{ClientName: "Cafe\u0301", ClientNameLocalized: map[string]string{"ko": "\u1100\u1161"}}
	if m.Normalize(); m.ClientName != "Café" || m.ClientNameLocalized["ko"] != "가" {
		t.Errorf("%+v", m)
	}
}

func TestDecodeMetadataIsStrict(t *testing.T) {
	for document, want := range map[string][]string{
		`{"redirect_uri": "https://a.example"}`:                                 {"redirect_uri"},
		`{"Redirect_URIs": ["https://a.example"]}`:                              {"Redirect_URIs"}, // encoding/json alone would take it
		`{"scope": "a", "scope": "b"}`:                                          {"scope"},
		`{"scope": "a", "\u0073cope": "b"}`:                                     {"scope"},
		`{"client_name#ko": "a", "client_name#ko": "b"}`:                        {"client_name#ko"},
		`{"nope": 1, "nope": 2}`:                                                {"nope", "nope"},
		`{"redirect_uris": "https://a.example", "skip_consent": "yes"}`:         {"redirect_uris", "skip_consent"},
		`{"redirect_uris": [null]}`:                                             {"redirect_uris"},
		`{"redirect_uris": [["a"]]}`:                                            {"redirect_uris"},
		`{"redirect_uris": {"a": 1}}`:                                           {"redirect_uris"},
		`{"default_max_age": 1.5, "access_token_lifetime": "60"}`:               {"default_max_age", "access_token_lifetime"},
		`{"default_max_age": 1e99, "require_pkce": 1, "scope": 7}`:              {"default_max_age", "require_pkce", "scope"},
		`{"client_name#ko": 7}`:                                                 {"client_name#ko"},
		`{"client_id": "x", "client_secret": "y", "version": 1}`:                {"client_id", "client_secret", "version"},
		`{"jwks_url": "https://a.example", "logo_uri#ko": "https://a.example"}`: {"jwks_url", "logo_uri#ko"},
		`{"a\nb\u001b[31m": 1}`:                                                 {`"a\nb\x1b[31m"`},
		`{"ClientNameLocalized": {"ko": "a"}}`:                                  {"ClientNameLocalized"},
		`[]`:                                                                    {""}, `null`: {""}, `"a"`: {""}, `1`: {""}, ``: {""}, `{`: {""}, `{"scope"`: {""}, `{"scope":`: {""}, `{"scope":"a"`: {""}, `{"scope":"a",}`: {""},
		`{"scope":"a"} x`: {""}, `{"scope":"a"}{}`: {""}, `{scope:"a"}`: {""}, `{"default_max_age": NaN}`: {""}, `{"scope":'a'}`: {""}, "{\"scope\":\"a\xff\"}": {""},
		"{\"scope\":\"a\x00\"}": {""}, `{"scope" "a"}`: {""}, `{,}`: {""}, `{"a":1 "b":2}`: {""}, "\ufeff{}": {""},
	} {
		_, err := DecodeMetadata([]byte(document))
		if d := cmp.Diff(want, problemsOf(t, err)); d != "" {
			t.Errorf("%s: %v\n%s", document, err, d)
		}
	}
	if m, err := DecodeMetadata([]byte(`{"scope": null, "redirect_uris": null, "require_pkce": null, "client_name#ko": null}`)); err != nil || m.Scope != "" {
		t.Errorf("null members: %+v, %v", m, err)
	}
	m, opts, err := DecodeRegistration([]byte(`{"client_id": "https://rp.example/", "scope": "a"}`))
	if err != nil || opts.ID != "https://rp.example/" || m.Scope != "a" {
		t.Errorf("%+v, %+v, %v", m, opts, err)
	}
}

// RFC 7591 §2: a server ignores members it does not know; also at rest, where a newer version may have written them.
func TestUnmarshalJSONIgnoresUnknownMembers(t *testing.T) {
	var m Metadata
	if err := json.Unmarshal([]byte(`{"later": {"a": [1]}, "scope": "a", "client_id": "x"}`), &m); err != nil || m.Scope != "a" {
		t.Errorf("%+v, %v", m, err)
	}
}

// DS-03.
func TestDecodeMetadataDeepAndHuge(t *testing.T) {
	var keys strings.Builder
	keys.WriteString(`{"a":1`)
	for i := 0; keys.Len() < MaxDocument-40; i++ {
		keys.WriteString(`,"client_name#` + string(rune('a'+i%26)) + strings.Repeat("x", i%30) + `":"n"`)
	}
	keys.WriteString("}")
	for name, document := range map[string]string{
		"nested arrays":        `{"redirect_uris":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + "}",
		"100,000 nested":       strings.Repeat("[", 100000),
		"nested objects":       strings.Repeat(`{"a":`, 12000) + "1" + strings.Repeat("}", 12000),
		"64 MiB string":        `{"client_name":"` + strings.Repeat("a", 64<<20) + `"}`,
		"one byte too many":    `{"scope":"` + strings.Repeat("a", MaxDocument-11) + `"}`,
		"many keys":            keys.String(),
		"many unknown members": `{` + strings.Repeat(`"":1,`, 12000) + `"z":1}`,
		"many values":          `{"redirect_uris":["` + strings.Repeat(`a","`, 12000) + `"]}`,
	} {
		start := time.Now()
		m, err := DecodeMetadata([]byte(document))
		if err == nil {
			m.Normalize()
			err = m.Validate(administrator)
		}
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if d := time.Since(start); d > 10*time.Second { // on a busy machine; quadratic work takes minutes
			t.Errorf("%s: took %v", name, d)
		}
		if len(err.Error()) > 64<<10 {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
	}
}

// What is accepted from an administrator can be read again, though escapes and defaults make it longer.
func TestLargeMetadataCanBeReadAgain(t *testing.T) {
	uris := make([]string, 0, 30)
	for i := range cap(uris) {
		uris = append(uris, `"https://app.example/?n=`+string(rune('a'+i))+strings.Repeat("&", 2000)+`"`)
	}
	document := `{"redirect_uris":[` + strings.ReplaceAll(strings.Join(uris, ","), "{", "x") + `]}`
	m, err := DecodeMetadata([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(m)
	if err != nil || len(encoded) <= MaxDocument {
		t.Fatalf("%d bytes, %v", len(encoded), err)
	}
	var again Metadata
	if err := json.Unmarshal(encoded, &again); err != nil || !slices.Equal(again.RedirectURIs, m.RedirectURIs) {
		t.Error(err)
	}
}

// FuzzMetadata: what is accepted survives its own encoding, and normalizing twice changes nothing.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(fullDocument))
	f.Add([]byte(`{"redirect_uris":["https://a.example/"],"client_name#ko":"a"}`))
	f.Add([]byte(`{"scope":"a","scope":"b"}`))
	f.Add([]byte(`{"client_name#-":null,"default_max_age":-0}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := DecodeMetadata(document)
		if err != nil {
			problemsOf(t, err)
			return
		}
		m.Normalize()
		err = m.Validate(administrator)
		problemsOf(t, err)
		encoded, encodeErr := json.Marshal(m)
		if encodeErr != nil {
			t.Fatal(encodeErr)
		}
		if err != nil {
			return
		}
		var again Metadata
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		again.Normalize()
		if d := cmp.Diff(m, again); d != "" {
			t.Fatal(d)
		}
	})
}
