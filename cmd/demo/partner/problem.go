package partner

import (
	"errors"
	"net/http"

	"golang.org/x/oauth2"
)

// problem is what went wrong, for the person and for the log.
type problem struct {
	status      int
	Code        string // OAuth's, or one of the app's own
	Description string
	cause       error // for the log
}

// oauthProblem says what the token endpoint answered.
func oauthProblem(err error) *problem {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.ErrorCode != "" {
		return &problem{Code: answer.ErrorCode, Description: answer.ErrorDescription, cause: err}
	}
	return unreachable(err)
}

// unreachable is for an answer that did not come, or made no sense.
func unreachable(err error) *problem {
	return &problem{
		status: http.StatusBadGateway, Code: "provider_unreachable",
		Description: "The sign-in service does not answer. Try again in a moment.", cause: err,
	}
}

// Denied says whether the person, here or at the upstream, said no.
func (p *problem) Denied() bool { return p.Code == "access_denied" }
