package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const maxRedirects = 3

// Fetch tells Config.OnFetch of one request to the issuer.
type Fetch struct {
	Kind string // "metadata", "keys" or "status"
	URL  string
	Took time.Duration
	Err  error // nil: the answer was good; for "keys" and "status", what is cached goes on to be used for a bounded time otherwise
}

// fetcher makes the requests to the issuer.
type fetcher struct {
	client  *http.Client
	onFetch func(Fetch)
}

// newFetcher copies the client: a fetch carries no cookie, and follows a redirect only within the origin that was asked.
func newFetcher(c *http.Client, onFetch func(Fetch)) *fetcher {
	if c == nil {
		c = &http.Client{}
	}
	own := *c
	own.Jar = nil
	own.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects || originOf(r.URL) != originOf(via[0].URL) {
			return errors.New("redirect to another origin, or too many")
		}
		return nil
	}
	return &fetcher{client: &own, onFetch: onFetch}
}

// answer is a response that was read to its end.
type answer struct {
	body      string
	unchanged bool // 304
	header    http.Header
}

// get fetches a document of at most limit bytes, also after decompression, and passes it to read.
func (f *fetcher) get(ctx context.Context, kind string, q query, read func(answer) error) error {
	began := time.Now()
	a, err := f.do(ctx, q)
	if err == nil {
		err = read(a)
	}
	if err != nil {
		err = fmt.Errorf("fetch %s %s: %w", kind, q.url, err)
	}
	if f.onFetch != nil {
		f.onFetch(Fetch{Kind: kind, URL: q.url, Took: time.Since(began), Err: err})
	}
	return err
}

// query is what to fetch.
type query struct {
	url    string
	accept string
	etag   string
	limit  int64
}

func (f *fetcher) do(ctx context.Context, q query) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Accept", q.accept)
	if q.etag != "" {
		r.Header.Set("If-None-Match", q.etag)
	}
	response, err := f.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	a := answer{header: response.Header}
	if response.StatusCode == http.StatusNotModified && q.etag != "" {
		a.unchanged = true
		return a, nil
	}
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("answered %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, q.limit+1))
	if err != nil {
		return a, err
	}
	if int64(len(body)) > q.limit {
		return a, fmt.Errorf("answer is larger than %d bytes", q.limit)
	}
	a.body = string(body)
	return a, nil
}

// maxAge returns the max-age of the Cache-Control header (RFC 9111 §5.2.2.1); ok is false where there is none, or storing is not allowed.
func (a answer) maxAge() (age time.Duration, ok bool) {
	for _, line := range a.header.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return 0, true
			case "max-age":
				if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
					age, ok = time.Duration(seconds)*time.Second, true
				}
			}
		}
	}
	return age, ok
}

// originOf returns the scheme, host and port of a URL (RFC 6454 §4), the port always written.
func originOf(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
