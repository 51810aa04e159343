package clients

import (
	"strings"
	"testing"
)

var (
	administrator  = Rules{Administrator: true}
	selfRegistered = Rules{}
)

// refused are URIs that nobody may register, by the checklist item that names them.
var refused = map[string][]string{
	"AZ-01 userinfo": {
		"https://good.example@evil.example/cb", "https://good.example:80@evil.example/", "https://good.example%40evil.example/cb",
		"https://user:pass@good.example/cb", "https://@good.example/cb", "https://:@good.example/cb", "http://u:p@127.0.0.1:9/cb",
		"http://evil@127.0.0.1:9999/cb", "http://a@localhost/cb", "http://[::1]@evil.example/cb", "com.example.app://user@host/cb",
	},
	"AZ-02 hosts that are none": {
		"https://good.example./cb", "https://.good.example/cb", "https://good..example/cb", "https://-good.example/cb", "https://good-.example/cb",
		"https://good.example:/cb", "https://good.example:0/cb", "https://good.example:65536/cb", "https://good.example:0443/cb",
		"https://good.example:+443/cb", "https://good.example:443:443/cb", "https://good.example:abc/cb", "https://good.example:-1/cb",
		"https://good.example:99999999999999999999/cb", "HTTPS://good.example/cb", "hTTps://good.example/cb", "Http://127.0.0.1/cb",
		"https://" + strings.Repeat("a", 64) + ".example/cb", "https://" + strings.Repeat("a.", 127) + "example/cb",
		"https://1.2.3/cb", "https://1.2.3.4.5/cb", "https://256.1.1.1/cb", "https://01.2.3.4/cb", "https://0x7f.0.0.1/cb", "https://0x7f000001/cb",
		"https://2130706433/cb", "https://127.1/cb", "https://0177.0.0.1/cb", "https://good.example.1/cb", "https://a.0xff/cb",
	},
	"AZ-03 dot segments": {
		"https://good.example/cb/../evil", "https://good.example/cb/..%2f..%2fevil", "https://good.example/cb/%2e%2e/evil",
		"https://good.example/cb/%2E%2e/evil", "https://good.example/cb/.%2e/evil", "https://good.example/cb/..;/evil",
		"https://good.example/cb/..", "https://good.example/./cb", "https://good.example/.", "https://good.example/cb/..%5cevil",
		"https://good.example/cb/%2e", "https://good.example/cb/..;x=y/evil", "com.example.app:/../cb", "http://127.0.0.1/../cb",
	},
	"AZ-04 characters": {
		`https://evil.example\@good.example/cb`, `https://good.example/\evil`, `https:\\good.example\cb`, "https://good.example/c\tb",
		"https://good.example/cb\r\nSet-Cookie: a=b", "https://good.example/cb\n", "\nhttps://good.example/cb", " https://good.example/cb",
		"https://good.example/cb ", "https://good.example/a b", "https://good.example/%00", "https://good.example/cb%0d%0aX: y",
		"https://good.example/cb%1f", "https://good.example/cb%7F", "https://good.example/cb?a=%0a", "https://good.example/cb\x00", "https://good.example/cb\x7f",
		"https://ｇｏｏｄ.example/cb", "https://gооd.example/cb", "https://göod.example/cb", "https://good.example/ö", "https://good.example/\xff",
		"https://good.example\u3002evil.example/cb", "https://good\u200b.example/cb",
		"https://[good.example]/cb", "https://[::1%25x]/", "https://[::1%x]/", "https:///good.example/cb", "//good.example/cb", "https:/good.example/cb",
		"https:good.example/cb", "https://", "https:///", "https:", "https", "", "/cb", "good.example/cb", "://good.example/cb", "?a=b",
		"https://[::1", "https://::1/cb", "https://[]/cb", "https://[::1]evil/cb", "https://[::1]:x/cb", "https://[127.0.0.1]/cb",
		"https://[::ffff:127.0.0.1]/cb", "https://[0:0:0:0:0:0:0:1]/cb", "https://[::0001]/cb", "https://[fe80::1%25eth0]/cb", "https://[v1.a]/cb",
		"https://good.example/%", "https://good.example/%2", "https://good.example/%zz", "https://good%2eexample/cb", "https://good.exam ple/cb",
		"https://good.example/<script>", `https://good.example/"onload=`, "https://good.example/{id}", "https://good.example/a|b", "https://good.example/^",
		"https://good.example/`", "https://good.example,evil.example/cb", "https://good.example;evil.example/cb", "https://good.example'/cb",
		"https://good.example&evil.example/cb", "https://$good.example/cb", "https://(good).example/cb", "https://good!.example/cb",
		"https://?/cb", "https://:443/cb", "https://good.example/cb#", "https://good.example/cb#frag", "https://good.example#@evil.example/",
		"com.example.app:/cb#x", "http://127.0.0.1/cb#", "https://good.example/cb?x#y",
	},
	"AZ-05 schemes that run script, RFC 8252 §7.1": {
		"javascript:alert(1)", "javascript://good.example/%0aalert(1)", "javascript://good.example/alert(1)", "JaVaScRiPt:alert(1)", "javascript:/alert(1)",
		"javascript.example:/cb", "java\nscript:alert(1)", " javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "data:/text/html", "data.x:/cb",
		"DATA:/x", "vbscript:msgbox(1)", "vbscript:/x", "blob:https://good.example/id", "blob:/x", "file:///etc/passwd", "file://host/x", "file.x:/cb", "about:blank",
		"about:/blank", "filesystem:https://good.example/x", "view-source:https://good.example/", "view-source.x:/", "ftp://good.example/cb", "ws://good.example/", "wss://good.example/",
		"mailto:a@good.example", "tel:/1", "intent://scan/#Intent;end", "intent://scan/", "chrome://settings/", "ms-settings:/x", "about.x:/cb", "blob.x:/cb",
		"http.example:/cb", "https.example:/cb", "HTTPS.example:/cb", "myapp:/cb", "myapp://cb", "myapp:cb", "urn:ietf:wg:oauth:2.0:oob", "oob", "postmessage",
		"com.example.app:cb", "com.example.app:", "com.example.app", ".com.example:/cb", "com..example:/cb", "com.example.:/cb", "1com.example:/cb",
		"com.exa_mple:/cb", "com.example.app://host:0/cb", "com.example.app://ho$t/cb", "com.example.app:\\cb", "com.example/app:/cb",
	},
	"AZ-06 parameters of the answer in the query": {
		"https://good.example/cb?code=x", "https://good.example/cb?state=x", "https://good.example/cb?iss=https://evil.example", "https://good.example/cb?error=x",
		"https://good.example/cb?response=x", "https://good.example/cb?a=b&code=x", "https://good.example/cb?code", "https://good.example/cb?%63ode=x",
		"https://good.example/cb?CODE=x", "https://good.example/cb?a=b;code=x", "https://good.example/cb?error_description=x", "https://good.example/cb?error_uri=x",
		"https://good.example/cb?id_token=x", "https://good.example/cb?access_token=x", "https://good.example/cb?token_type=x", "https://good.example/cb?expires_in=x",
		"https://good.example/cb?session_state=x", "http://127.0.0.1/cb?code=x", "com.example.app:/cb?state=x", "https://good.example/?&&code=",
	},
	"AZ-07 http": {
		"http://good.example/cb", "http://127.0.0.1.evil.example/cb", "http://2130706433/cb", "http://127.1/cb", "http://0.0.0.0/cb", "http://10.0.0.1/cb",
		"http://192.168.1.1/cb", "http://[::]/cb", "http://[fe80::1]/cb", "http://localhost.evil.example/cb", "http://evil.localhost/cb", "http://LOCALHOST/cb",
		"http://localhost./cb", "http://0x7f.1/cb", "http://[::ffff:7f00:1]/cb", "http://[0:0:0:0:0:0:0:1]/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:/cb",
		"http://127.0.0.1:65536/cb", "http://169.254.169.254/cb", "http://127.0.0.01/cb", "http://0177.0.0.1/cb", "http:///cb", "http:/127.0.0.1/cb", "http://127.0.0.1%00/cb",
	},
	"AZ-08 wildcards": {
		"https://*.good.example/*", "https://good.example/*", "https://*/cb", "https://good.*/cb", "https://good.example/cb?*", "https://good.example:*/cb",
		"http://127.0.0.1:*/cb", "http://localhost:*/cb", "*", "*://good.example/cb", "com.example.app:/*", "https://good.example/.*", "https://good.example/(.*)",
		"^https://good.example/.+$", "https://[a-z]+.good.example/cb", "https://good.example/{*}", "https://good.example/[^/]+*",
	},
	"DR-03 length": {"https://good.example/" + strings.Repeat("a", 2028), "https://good.example/" + strings.Repeat("a", 10<<10)},
}

func TestRedirectURIRefusedAtRegistration(t *testing.T) {
	for item, uris := range refused {
		for _, uri := range uris {
			for _, applicationType := range []string{ApplicationWeb, ApplicationNative} {
				if checkRedirectURI(uri, applicationType, administrator) == "" {
					t.Errorf("%s: %q is accepted for %s", item, uri, applicationType)
				}
			}
		}
	}
}

func TestRedirectURIAcceptedFromAdministrators(t *testing.T) {
	for _, uri := range []string{
		"https://good.example/cb", "https://good.example", "https://good.example/", "https://good.example:8443/cb", "https://good.example:443/cb",
		"https://sub.good.example/cb", "https://GOOD.example/cb", "https://xn--gd-fkaa.example/cb", "https://good.example/cb?tenant=1&x=%20y",
		"https://good.example/cb?", "https://good.example/cb?codec=x&restate=y", "https://good.example//cb", "https://good.example/cb/", "https://good.example/a.b/..c/.d",
		"https://good.example/cb;x=y", "https://good.example/@user:1/$!'()+,=~", "https://10.0.0.1/cb", "https://192.0.2.1:8443/cb", "https://[2001:db8::1]/cb",
		"https://[2001:db8::1]:8443/cb", "https://[::1]/cb", "https://127.0.0.1/cb", "https://localhost/cb", "https://intranet/cb", "https://my_host.example/cb",
		"https://good.example/cb?q=%2e%2e/&r=../..", "https://good.example/%E2%82%AC", "https://good.example/" + strings.Repeat("a", 2027),
		"https://1password.example/cb", "https://3com.example/cb", "https://a.0xyz.example/",
		"http://127.0.0.1/cb", "http://127.0.0.1:8081/cb", "http://127.0.0.2:8081/cb", "http://[::1]/cb", "http://[::1]:8081/cb?x=1", "http://localhost:3000/cb", "http://localhost/",
		"com.example.app:/cb", "com.example.app://cb", "com.example.app://oauth/cb?x=1", "com.Example.App:/cb", "com.googleusercontent.apps.123-abc:/oauth2redirect",
		"com.example.app:///cb", "com.example-inc.app:/cb",
	} {
		for _, applicationType := range []string{ApplicationWeb, ApplicationNative} {
			if reason := checkRedirectURI(uri, applicationType, administrator); reason != "" {
				t.Errorf("%s %s: %s", applicationType, uri, reason)
			}
			c := &Client{Metadata: Metadata{RedirectURIs: []string{uri}, ApplicationType: applicationType}}
			if !c.RedirectURIAllowed(uri) {
				t.Errorf("%s %s: registered and not allowed", applicationType, uri)
			}
		}
	}
}

// OIDC Registration §2, application_type.
func TestRedirectURIOfSelfRegisteredClients(t *testing.T) {
	for _, uri := range []string{"http://127.0.0.1/cb", "http://localhost/cb", "http://[::1]/cb", "https://localhost/cb", "https://127.0.0.1/cb", "com.example.app:/cb"} {
		if checkRedirectURI(uri, ApplicationWeb, selfRegistered) == "" {
			t.Errorf("%s is accepted for a web client", uri)
		}
		if reason := checkRedirectURI(uri, ApplicationNative, selfRegistered); reason != "" {
			t.Errorf("%s for a native client: %s", uri, reason)
		}
	}
	if reason := checkRedirectURI("https://good.example/cb", ApplicationWeb, selfRegistered); reason != "" {
		t.Error(reason)
	}
}

func TestRedirectURIRequestedIsComparedAsString(t *testing.T) {
	requests := map[string][]string{
		"AZ-01": refused["AZ-01 userinfo"],
		"AZ-02": {
			"https://good.example.evil.example/cb", "https://evil.example/.good.example", "https://goodXexample/cb", "https://sub.good.example/cb",
			"https://good.example./cb", "https://good.example:8443/cb", "https://good.example:443/cb", "https://GOOD.example/cb", "HTTPS://good.example/cb",
			"http://good.example/cb", "https://good.example:/cb", "https://www.good.example/cb", "https://good.exampl/cb", "https://ood.example/cb",
		},
		"AZ-03": {
			"https://good.example/cb/../evil", "https://good.example/cb/..%2f..%2fevil", "https://good.example/cb/%2e%2e/evil", "https://good.example/cb%252f..",
			"https://good.example/cb/..;/evil", "https://good.example/cb/", "https://good.example/cb//", "https://good.example/cb/extra",
			"https://good.example/cb;x=y", "https://good.example/cb?added=1", "https://good.example/cb?", "https://good.example/cb#", "https://good.example/cb#a",
			"https://good.example/CB", "https://good.example/c%62", "https://good.example/./cb", "https://good.example//cb", "https://good.example", "https://good.example/c",
		},
		"AZ-04": refused["AZ-04 characters"], "AZ-05": refused["AZ-05 schemes that run script, RFC 8252 §7.1"],
		"AZ-06": refused["AZ-06 parameters of the answer in the query"], "AZ-07": refused["AZ-07 http"], "AZ-08": refused["AZ-08 wildcards"],
	}
	for _, applicationType := range []string{ApplicationWeb, ApplicationNative, ""} {
		c := &Client{Metadata: Metadata{RedirectURIs: []string{"https://good.example/cb"}, ApplicationType: applicationType}}
		for item, uris := range requests {
			for _, uri := range uris {
				if c.RedirectURIAllowed(uri) {
					t.Errorf("%s: %q is allowed", item, uri)
				}
			}
		}
		if !c.RedirectURIAllowed("https://good.example/cb") {
			t.Error("the registered URI is not allowed")
		}
	}
}

func TestRedirectURIEmptyIsNeverAllowed(t *testing.T) {
	for _, registered := range [][]string{nil, {}, {""}} {
		for _, applicationType := range []string{ApplicationWeb, ApplicationNative} {
			c := &Client{Metadata: Metadata{RedirectURIs: registered, PostLogoutRedirectURIs: registered, ApplicationType: applicationType}}
			if c.RedirectURIAllowed("") || c.PostLogoutRedirectURIAllowed("") {
				t.Errorf("registered %q: the empty URI is allowed", registered)
			}
		}
	}
}

// AZ-07, RFC 8252 §7.3.
func TestRedirectURILoopbackPort(t *testing.T) {
	native := &Client{Metadata: Metadata{ApplicationType: ApplicationNative, RedirectURIs: []string{
		"http://127.0.0.1/cb", "http://[::1]/cb", "http://127.0.0.1:4000/with?x=1", "http://localhost:3000/cb", "https://127.0.0.1/tls", "com.example.app://127.0.0.1/cb",
	}}}
	for _, uri := range []string{
		"http://127.0.0.1:9/cb", "http://127.0.0.1:65535/cb", "http://127.0.0.1/cb", "http://[::1]:9/cb", "http://127.0.0.1/with?x=1", "http://127.0.0.1:1/with?x=1",
		"http://localhost:3000/cb", "https://127.0.0.1/tls",
	} {
		if !native.RedirectURIAllowed(uri) {
			t.Errorf("%s is refused", uri)
		}
	}
	for _, uri := range []string{
		"http://localhost:1/cb", "http://localhost/cb", "http://127.0.0.1.evil.example/cb", "http://127.0.0.1.evil.example:9/cb", "http://127.0.0.2/cb", "http://127.0.0.2:9/cb",
		"http://2130706433/cb", "http://2130706433:9/cb", "http://u:p@127.0.0.1:9/cb", "http://evil@127.0.0.1:9/cb", "http://127.0.0.1:9@evil.example/cb", "http://127.0.0.1:9/other",
		"http://127.0.0.1:9/cb?x=1", "http://127.0.0.1:9/cb/", "http://127.0.0.1:9", "http://127.0.0.1:9/with?x=2", "http://127.0.0.1:9/with", "http://127.0.0.1:0/cb",
		"http://127.0.0.1:65536/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:09/cb", "http://127.0.0.1:9a/cb", "http://127.0.0.1:9:9/cb", "http://127.0.0.1:-9/cb",
		"https://127.0.0.1:9/cb", "https://127.0.0.1:9/tls", "HTTP://127.0.0.1:9/cb", "http://127.1:9/cb", "http://[::1]9/cb", "http://[::1/cb", "http://[0:0::1]:9/cb",
		"http://::1:9/cb", "http://[::ffff:127.0.0.1]:9/cb", "http://[127.0.0.1]:9/cb", "http://127.0.0.1:9/cb#x", "http://127.0.0.1:9\\/cb", "http://127.0.0.1:9/cb ", "http:// 127.0.0.1:9/cb",
		"http://127.0.0.1 :9/cb", "http://127.0.0.1:9?/cb", "http://127.0.0.1:9#/cb", "http:/127.0.0.1:9/cb", "//127.0.0.1:9/cb", "com.example.app://127.0.0.1:9/cb", "http://0x7f.0.0.1:9/cb",
		"http://[::1%25lo]:9/cb", "http://127.0.0.1:9/%63b", "http://127.0.0.1:9//cb", "http://127.0.0.1:9/cb%00",
	} {
		if native.RedirectURIAllowed(uri) {
			t.Errorf("%s is allowed", uri)
		}
	}
	web := &Client{Metadata: Metadata{ApplicationType: ApplicationWeb, RedirectURIs: []string{"https://127.0.0.1/cb", "http://127.0.0.1:4000/cb"}}}
	for _, uri := range []string{"http://127.0.0.1:9999/cb", "http://evil@127.0.0.1:9999/cb", "https://127.0.0.1:9/cb", "http://127.0.0.1/cb"} {
		if web.RedirectURIAllowed(uri) {
			t.Errorf("web client: %s is allowed", uri)
		}
	}
	web.Metadata.TokenEndpointAuthMethod = AuthMethodNone // an administrator may register a program on a device without a word of its type
	if !web.RedirectURIAllowed("http://127.0.0.1:9999/cb") || web.RedirectURIAllowed("https://127.0.0.1:9/cb") || web.RedirectURIAllowed("http://localhost:4000/cb") {
		t.Error("public client: the port of its http URI is not free, or another is")
	}
	if !web.RedirectURIAllowed("http://127.0.0.1:4000/cb") {
		t.Error("web client: its own loopback URI is refused")
	}
}

// AZ-15.
func TestImpersonable(t *testing.T) {
	public := &Client{Metadata: Metadata{TokenEndpointAuthMethod: AuthMethodNone}}
	confidential := &Client{Metadata: Metadata{TokenEndpointAuthMethod: AuthMethodBasic}}
	for uri, want := range map[string]bool{
		"https://good.example/cb": false, "https://good.example:8443/cb": false, "https://10.0.0.1/": false,
		"http://127.0.0.1/cb": true, "http://[::1]:9/cb": true, "http://localhost/cb": true, "com.example.app:/cb": true, "https://localhost/cb": true,
		"https://127.0.0.1/cb": true, "": true, "HTTPS://good.example/cb": true, "https:good.example": true,
	} {
		if got := public.Impersonable(uri); got != want {
			t.Errorf("public client, %q: %v", uri, got)
		}
		if confidential.Impersonable(uri) {
			t.Errorf("confidential client, %q: impersonable", uri)
		}
	}
}

// OIDC RP-Logout §3: post_logout_redirect_uri is compared as a string, without the loopback exception.
func TestPostLogoutRedirectURI(t *testing.T) {
	c := &Client{Metadata: Metadata{ApplicationType: ApplicationNative, PostLogoutRedirectURIs: []string{"http://127.0.0.1/bye", "https://good.example/bye"}}}
	for uri, want := range map[string]bool{
		"http://127.0.0.1/bye": true, "https://good.example/bye": true, "http://127.0.0.1:9/bye": false, "https://good.example/bye/": false, "https://good.example/bye?x": false,
	} {
		if got := c.PostLogoutRedirectURIAllowed(uri); got != want {
			t.Errorf("%s: %v", uri, got)
		}
	}
}
