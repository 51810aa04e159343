package clients

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

// Limits on fetching documents. The draft recommends to read no more than 5 kilobytes.
const (
	maxClientDocument = 5 << 10
	documentTimeout   = 3 * time.Second // less than a Cache waits for its store
	documentFetches   = 16              // at once
	documentsPerHost  = 2               // at once, so that one slow host holds nobody else up
	documentMinAge    = time.Minute
	documentMaxAge    = 24 * time.Hour
	documentAge       = 15 * time.Minute // where the answer does not say
)

var (
	// errUnreachable says that a document could not be had now, which says nothing about the client.
	errUnreachable = errors.New("the client ID metadata document cannot be fetched now")
	// errBusy is an errUnreachable for which nobody was asked.
	errBusy = fmt.Errorf("%w: too many others are being fetched", errUnreachable)
)

// document is what was found at an address.
type document struct {
	metadata Metadata
	maxAge   time.Duration // how long it need not be asked for again
}

// documentFetcher gets documents. Its HTTP client guards where requests may go, follows no redirects and sends no cookies.
type documentFetcher struct {
	client *http.Client
	policy Policy
	places *places
}

// fetch gets the document and prepares its metadata. The error wraps errUnreachable, or errDocument for an answer that is no valid document.
func (f *documentFetcher) fetch(ctx context.Context, address string) (document, error) {
	u, err := url.Parse(address)
	if err != nil {
		return document{}, errors.Join(errDocument, err)
	}
	release := f.places.take(u.Host)
	if release == nil {
		return document{}, errBusy
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	data, header, err := f.get(ctx, address)
	if err != nil {
		return document{}, err
	}
	m, err := parseDocument(address, data)
	if err != nil {
		return document{}, err
	}
	if err := f.policy.Prepare(&m); err != nil {
		return document{}, errors.Join(errDocument, err)
	}
	// No document at a sector_identifier_uri is fetched: the sector of these clients is the host of their redirect URIs.
	if err := FetchSector(nil).Check(ctx, nil, &m); err != nil {
		return document{}, errors.Join(errDocument, err)
	}
	if err := NewFetchSector(f.client).Check(ctx, nil, &m); err != nil {
		return document{}, errors.Join(errDocument, err)
	}
	return document{metadata: m, maxAge: documentLifetime(header)}, nil
}

// get returns the body of a good answer. Client ID Metadata Document §5: every status but 200 is an error, redirects included.
func (f *documentFetcher) get(ctx context.Context, address string) ([]byte, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, errors.Join(errDocument, err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "Symbolon")
	resp, err := f.client.Do(r)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError:
		return nil, nil, fmt.Errorf("%w: it is answered with status %d", errUnreachable, resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return nil, nil, documentError("it is answered with status " + strconv.Itoa(resp.StatusCode))
	case !isJSON(resp.Header.Get("Content-Type")):
		return nil, nil, documentError("its content type is not JSON")
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxClientDocument+1))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	if len(data) > maxClientDocument {
		return nil, nil, documentError("it is larger than 5 kilobytes")
	}
	return data, resp.Header, nil
}

// documentLifetime reads Cache-Control (RFC 9111 §5.2.2), within our bounds.
func documentLifetime(h http.Header) time.Duration {
	age := documentAge
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return documentMinAge
		case "max-age":
			if seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil {
				age = time.Duration(seconds) * time.Second
			}
		}
	}
	return min(max(age, documentMinAge), documentMaxAge)
}
