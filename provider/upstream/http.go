package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxBody bounds every answer of an upstream, after decompression.
	maxBody = 1 << 20
	// requestTimeout bounds every request to an upstream, from the dial to the last byte.
	requestTimeout = 10 * time.Second
)

var errTooLarge = errors.New("answer over 1 MiB")

// limited returns a client like c, with the limits of every request to an upstream: time, size, no redirects, no cookies. A redirect would carry
// the code or the client secret to a place that nobody configured.
func limited(c *http.Client) *http.Client {
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &http.Client{
		Transport:     limitedTransport{transport},
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type limitedTransport struct{ next http.RoundTripper }

func (t limitedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &limitedBody{res.Body, maxBody}
	return res, nil
}

// limitedBody fails where io.LimitReader would end quietly, and so pass off the beginning of a document as the whole.
type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		return b.left, errTooLarge
	}
	b.left -= n
	return n, err
}

// get fetches a document. It returns status, header and the whole body. Its error never repeats the URL, which may hold a proof or token.
func get(ctx context.Context, c *http.Client, u, accept, bearer string) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, nil, errors.New("malformed URL")
	}
	r.Header.Set("Accept", accept)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := c.Do(r)
	if err != nil {
		return nil, nil, withoutURL(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, withoutURL(err)
	}
	return res, body, nil
}

// getJSON fetches a public document (discovery, keys) into v, and says how long its Cache-Control lets us keep it.
func getJSON(ctx context.Context, c *http.Client, u string, v any) (time.Duration, error) {
	res, body, err := get(ctx, c, u, "application/json", "")
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case res.StatusCode != http.StatusOK:
		return 0, fmt.Errorf("%w: status %d", ErrUnavailable, res.StatusCode)
	case !isJSON(res.Header):
		return 0, fmt.Errorf("%w: answer is not JSON", ErrUnavailable)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return 0, fmt.Errorf("%w: answer is not the JSON we expect", ErrUnavailable)
	}
	return lifetime(res.Header), nil
}

// isJSON accepts application/json and its kin (application/jwk-set+json).
func isJSON(h http.Header) bool {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (t == "application/json" || t == "text/javascript" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

// Bounds of how long discovery and keys are kept, whatever Cache-Control says. RFC 9111 §5.2.2.1.
const (
	minLifetime     = 5 * time.Minute
	maxLifetime     = 24 * time.Hour
	defaultLifetime = time.Hour
)

// lifetime reads max-age.
func lifetime(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return minLifetime
		case "max-age":
			seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
			if err != nil {
				return defaultLifetime
			}
			return min(max(time.Duration(seconds)*time.Second, minLifetime), maxLifetime)
		}
	}
	return defaultLifetime
}

// withoutURL unwraps the error of net/http that quotes the URL.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// checkEndpoint says what is wrong with a URL that we or a browser will be sent to: it is https, or http on a loopback host where that is allowed.
func checkEndpoint(name, raw string, allowLoopbackHTTP bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("%s: not an absolute URL without user and fragment", name)
	case u.Scheme == "https", u.Scheme == "http" && allowLoopbackHTTP && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s: must be https", name)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// origin returns scheme and host of a URL, or "".
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
