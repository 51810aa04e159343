package provider

// Logout is a log-out that a client asked for and the person has yet to confirm. The zero value is a log-out that no client asked for.
type Logout struct {
	Sealed      string // the value of "l"
	ClientName  string
	RedirectURL string // where to go afterwards; may be empty
}
