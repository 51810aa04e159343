package web

import "net/http"

// PageError is an error that a person sees as a page of ours. The words of the page come from Kind, in the person's language; Detail is for
// the developer of the partner app, in English, and never holds anything secret.
type PageError struct {
	Kind   PageErrorKind
	Detail string // one sentence for the partner's developer; may be empty
	Client string // the partner's name, where it is known
	Next   string // only of PageLeave: where the person may go on, a redirect URI of the client with the answer
	Err    error  // the private cause, for the log; may be nil
}

// PageErrorKind names what happened. Its text stands in the catalogue of package loginui.
type PageErrorKind string

// The kinds of error pages.
const (
	PageLinkInvalid     PageErrorKind = "link_invalid"     // the interaction does not open, was altered or is not whole
	PageLinkExpired     PageErrorKind = "link_expired"     // the interaction is too old
	PageOtherBrowser    PageErrorKind = "other_browser"    // the interaction was started by another browser, or cookies are off
	PageLinkUsed        PageErrorKind = "link_used"        // the sign-in at the upstream was finished already, or never started here
	PageUnknownClient   PageErrorKind = "unknown_client"   // no such client_id
	PageBadRedirectURI  PageErrorKind = "bad_redirect_uri" // the redirect_uri is not the client's
	PageLeave           PageErrorKind = "leave"            // an error for a client that nobody has looked at: the person decides whether to go there
	PageBadRequest      PageErrorKind = "bad_request"      // the request is malformed beyond sending it back to the client
	PageBlocked         PageErrorKind = "blocked"          // the account is blocked
	PageForbidden       PageErrorKind = "forbidden"        // a cross-site post or the like
	PageNotFound        PageErrorKind = "not_found"
	PageMethod          PageErrorKind = "method_not_allowed"
	PageTooLarge        PageErrorKind = "too_large"
	PageTooManyRequests PageErrorKind = "too_many_requests"
	PageUnavailable     PageErrorKind = "unavailable" // a storage fault: try again
	PageInternal        PageErrorKind = "internal"    // everything else
)

// Error returns kind and cause.
func (e *PageError) Error() string {
	s := string(e.Kind)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the private cause.
func (e *PageError) Unwrap() error { return e.Err }

// Status returns the HTTP status of the page.
func (e *PageError) Status() int {
	switch e.Kind {
	case PageBlocked, PageForbidden:
		return http.StatusForbidden
	case PageNotFound:
		return http.StatusNotFound
	case PageMethod:
		return http.StatusMethodNotAllowed
	case PageTooLarge:
		return http.StatusRequestEntityTooLarge
	case PageTooManyRequests:
		return http.StatusTooManyRequests
	case PageUnavailable:
		return http.StatusServiceUnavailable
	case PageInternal:
		return http.StatusInternalServerError
	default:
		return http.StatusBadRequest
	}
}
