package provider

import "testing"

// RFC 9449 §4.3: an htu is compared without query and fragment; RFC 3986 §6.2.2 and §6.2.3 say what is the same address in other words.
func TestNormalURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://id.example/oauth2/token":            "https://id.example/oauth2/token",
		"https://id.example/oauth2/token?x=1":        "https://id.example/oauth2/token",
		"https://id.example/oauth2/token?":           "https://id.example/oauth2/token",
		"https://id.example/oauth2/token#x":          "https://id.example/oauth2/token",
		"HTTPS://ID.Example/oauth2/token":            "https://id.example/oauth2/token",
		"https://id.example:443/oauth2/token":        "https://id.example/oauth2/token",
		"http://localhost:80/oauth2/token":           "http://localhost/oauth2/token",
		"https://id.example:80/oauth2/token":         "https://id.example:80/oauth2/token",
		"https://id.example:8443/oauth2/token":       "https://id.example:8443/oauth2/token",
		"https://id.example/OAUTH2/token":            "https://id.example/OAUTH2/token",
		"https://id.example/oauth2/token/":           "https://id.example/oauth2/token/",
		"https://id.example/oauth2%2Ftoken":          "https://id.example/oauth2%2Ftoken",
		"https://[2001:db8::1]:443/oauth2/token":     "https://[2001:db8::1]/oauth2/token",
		"https://user@id.example/oauth2/token":       "",
		"https://id.example\\@evil.example/":         "",
		"https:/oauth2/token":                        "",
		"https:id.example/oauth2/token":              "",
		"//id.example/oauth2/token":                  "://id.example/oauth2/token",
		"/oauth2/token":                              "",
		"":                                           "",
		"https://id.example/oauth2/token%zz":         "",
		"https://id.example/oauth2/token\n":          "",
		"https://id.example:443:443/oauth2/token":    "",
		"https://id.example.evil.example/oauth2/tok": "https://id.example.evil.example/oauth2/tok",
	} {
		if got := normalURL(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
