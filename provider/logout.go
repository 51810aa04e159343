package provider

// Logout is a log-out that a client asked for and the person has yet to confirm. The zero value is a log-out that no client asked for.
type Logout struct {
	Sealed      string // the value of "l"
	ClientName  string
	RedirectURL string // where to go afterwards; may be empty
	// Unproven: nobody has proven that the client asks. RedirectURL is for a link, and the browser is not sent there (OIDC RP-Logout §3).
	Unproven  bool
	UILocales string // BCP 47 tags, space-separated
	// Frontchannel are the addresses that the page after the log-out loads, so that other clients end their sessions too (OIDC Front-Channel
	// Logout §2). They are there once the session has ended.
	Frontchannel []string

	redirectURI string // RedirectURL without the client's state
}
