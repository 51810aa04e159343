package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Errors of reading a form. Callers may rely on errors.Is.
var (
	// ErrFormType: the body is not application/x-www-form-urlencoded.
	ErrFormType = errors.New("web: the body must be application/x-www-form-urlencoded")
	// ErrFormSyntax: the query or body does not parse, or holds bytes that are no text.
	ErrFormSyntax = errors.New("web: malformed form")
	// ErrFormSize: too many parameters, or a body over its limit.
	ErrFormSize = errors.New("web: form too large")
	// ErrFormDuplicate: a parameter is there twice (RFC 6749 §3.1, §3.2). errors.As gives the DuplicateError with its name.
	ErrFormDuplicate = errors.New("web: a parameter is repeated")
)

// DuplicateError names the parameter that is there more than once.
type DuplicateError struct{ Name string }

// Error says which one.
func (e *DuplicateError) Error() string { return "web: parameter " + e.Name + " is repeated" }

// Is makes errors.Is(err, ErrFormDuplicate) true.
func (e *DuplicateError) Is(target error) bool { return target == ErrFormDuplicate }

// maxParameters bounds the parameters of one request: real ones have a dozen.
const maxParameters = 100

// ParseForm reads the parameters of r: those of the query for GET, those of the body for POST. A POST that has parameters in its query too is
// read as both, and a name in both places is a duplicate. Parameters that may stand more than once are named in repeatable.
// With a DuplicateError it returns what it has read all the same. The result is also r.Form (and r.PostForm for POST), for libraries that read those.
func ParseForm(r *http.Request, repeatable ...string) (url.Values, error) {
	form, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	r.PostForm = url.Values{}
	if r.Method == http.MethodPost {
		if r.PostForm, err = parseBody(r); err != nil {
			return nil, err
		}
		for name, values := range r.PostForm {
			form[name] = append(form[name], values...)
		}
	}
	for name, values := range form {
		if len(values) > 1 && !slices.Contains(repeatable, name) {
			return form, &DuplicateError{Name: name}
		}
	}
	r.Form = form
	return form, nil
}

// ErrFormQuery: parameters stand in the query of an endpoint that takes them in the body only, where they end up in no log (RFC 6749 §2.3.1).
var ErrFormQuery = errors.New("web: the parameters belong in the body, not in the query")

// ParsePost is ParseForm for a POST whose parameters must all be in the body.
func ParsePost(r *http.Request, repeatable ...string) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, ErrFormQuery
	}
	return ParseForm(r, repeatable...)
}

func parseBody(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.Header.Get("Content-Encoding") != "" {
		return nil, ErrFormType
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if TooLarge(err) {
			return nil, ErrFormSize
		}
		return nil, ErrFormSyntax
	}
	return parseQuery(string(body))
}

func parseQuery(query string) (url.Values, error) {
	if strings.Count(query, "&") >= maxParameters {
		return nil, ErrFormSize
	}
	form, err := url.ParseQuery(query)
	if err != nil {
		return nil, ErrFormSyntax
	}
	for name, values := range form {
		if !isText(name) {
			return nil, ErrFormSyntax
		}
		for _, value := range values {
			if !isText(value) {
				return nil, ErrFormSyntax
			}
		}
	}
	return form, nil
}

// isText reports whether s is UTF-8 without NUL: what both databases can keep.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
