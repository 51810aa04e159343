package clients

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"
)

const (
	documentBackoff = 10 * time.Second // after a failure, until the address is asked again
	documentStale   = 24 * time.Hour   // a client that people use outlives an outage of its host for so long
)

// DocumentStore is what Documents keeps clients in. storage implements it.
type DocumentStore interface {
	Store
	// KeepDocumentClient inserts a client whose id is the address of its metadata document; ErrExists when it is there, or was deleted.
	KeepDocumentClient(ctx context.Context, c *Client) error
	// ClientDeleted says whether an administrator has deleted a client with the id.
	ClientDeleted(ctx context.Context, id string) (bool, error)
}

// DocumentsConfig is what Documents works with.
type DocumentsConfig struct {
	Store DocumentStore
	// Enabled switches documents on. Without it their clients are not found, those with a row included.
	Enabled bool
	// HTTPClient guards where requests may go, and follows no redirects.
	HTTPClient *http.Client
	Hosts      []string // whose documents are fetched: "example.com", "*.example.com" for every name below; empty: any
	Policy     Policy
	// Refused is told of documents that could not be used, for the log; may be nil.
	Refused func(ctx context.Context, address string, err error)
}

// Documents is a Store that also knows clients whose id is the address of their metadata document
// (draft-ietf-oauth-client-id-metadata-document). A client that nobody has allowed yet is in memory only; Keep makes its row. From then on the
// row is the client, and what a newer document changes is written to it: all nodes see one version. A row that an administrator made for the
// address is never touched.
type Documents struct {
	Store
	cfg     DocumentsConfig
	fetcher *documentFetcher

	mu   sync.Mutex
	seen map[string]sighting
}

// sighting is what this process knows of an address.
type sighting struct {
	metadata Metadata  // of the last good document
	goodAt   time.Time // when it was fetched; zero: never
	askAt    time.Time // not to be asked for before
	err      error     // what came of asking last
}

// NewDocuments returns a store over cfg.Store.
func NewDocuments(cfg DocumentsConfig) *Documents {
	return &Documents{
		Store: cfg.Store, cfg: cfg, seen: map[string]sighting{},
		fetcher: &documentFetcher{client: cfg.HTTPClient, policy: cfg.Policy, places: newPlaces(documentFetches, documentsPerHost)},
	}
}

// Client implements Store. Whatever is wrong with a document that nobody has used yet, its client is not found.
func (d *Documents) Client(ctx context.Context, id string) (*Client, error) {
	row, err := d.Store.Client(ctx, id)
	switch {
	case err != nil && !isNotFound(err):
		return nil, err
	case err == nil && (row.DocumentURL() == "" || !row.DisabledAt.IsZero()):
		return row, nil
	case !d.admits(id): // also a row from the time when its host was admitted
		return nil, ErrNotFound
	case err == nil:
		return d.refreshed(ctx, row)
	}
	if deleted, err := d.cfg.Store.ClientDeleted(ctx, id); err != nil {
		return nil, err
	} else if deleted {
		return nil, ErrNotFound
	}
	s, err := d.look(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return documentClient(id, s), nil
}

// documentClient is the client before it has a row: with the version that the row will have.
func documentClient(id string, s sighting) *Client {
	at := s.goodAt.UTC().Truncate(time.Millisecond)
	return &Client{ID: id, Metadata: s.metadata, Version: 1, CreatedAt: at, UpdatedAt: at, SelfRegistered: true}
}

// Keep makes the row of a document client that has none: before the first record that refers to it. For every other client it does nothing.
func (d *Documents) Keep(ctx context.Context, id string) error {
	if !d.admits(id) {
		return nil
	}
	if _, err := d.Store.Client(ctx, id); !isNotFound(err) {
		return err
	}
	s, err := d.look(ctx, id)
	if err != nil {
		return err
	}
	err = d.cfg.Store.KeepDocumentClient(ctx, documentClient(id, s))
	if errors.Is(err, ErrExists) { // another request was first, or an administrator has just deleted it
		_, err = d.Store.Client(ctx, id)
	}
	return err
}

// refreshed returns a client that people use, as its document says now. An outage of its host does not end their sessions at once; a document
// that is gone or wrong does.
func (d *Documents) refreshed(ctx context.Context, row *Client) (*Client, error) {
	s, err := d.look(ctx, row.ID)
	switch {
	case errors.Is(err, errUnreachable) && (time.Since(s.goodAt) < documentStale || time.Since(row.UpdatedAt) < documentStale):
		return row, nil
	case errors.Is(err, errDocument):
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	case err != nil:
		return nil, err
	}
	meta, err := Replace(row.Metadata, s.metadata, func(*Metadata) error { return nil }) // it was prepared when it was fetched
	if err != nil || row.UpdatedAt.After(s.goodAt) || reflect.DeepEqual(meta, row.Metadata) {
		return row, err
	}
	if err := FetchSector(nil).Check(ctx, &row.Metadata, &meta); err != nil { // the people who use it would become strangers to it
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	next := *row
	next.Metadata, next.UpdatedAt = meta, s.goodAt.UTC().Truncate(time.Millisecond)
	switch err := d.Store.UpdateClient(ctx, &next); {
	case errors.Is(err, ErrConflict): // another node has seen it too
		return d.Store.Client(ctx, row.ID)
	case err != nil:
		return nil, err
	}
	next.Version++
	return &next, nil
}

// look returns what the document says, from memory while it is fresh. After a failure the address is left alone for a while: the failure is no
// answer that is kept (Client ID Metadata Document §5.2), it only bounds how often strangers make us ask.
func (d *Documents) look(ctx context.Context, address string) (sighting, error) {
	now := time.Now()
	d.mu.Lock()
	s := d.seen[address]
	d.mu.Unlock()
	if now.Before(s.askAt) {
		return s, s.err
	}
	doc, err := d.fetcher.fetch(ctx, address)
	if errors.Is(err, errBusy) {
		return s, err
	}
	if err == nil {
		s = sighting{metadata: doc.metadata, goodAt: now, askAt: now.Add(doc.maxAge)}
	} else {
		s.askAt, s.err = time.Now().Add(documentBackoff), err
		if d.cfg.Refused != nil {
			d.cfg.Refused(ctx, address, err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	makeRoom(d.seen, func(s sighting) bool { return now.After(s.askAt) })
	d.seen[strings.Clone(address)] = s
	return s, s.err
}

// admits says whether the id is the address of a document that may be fetched.
func (d *Documents) admits(id string) bool {
	if !d.cfg.Enabled || !isDocumentURL(id, d.cfg.Policy.LoopbackURLs) {
		return false
	}
	u, err := url.Parse(id)
	return err == nil && (len(d.cfg.Hosts) == 0 || hostListed(d.cfg.Hosts, u.Hostname()))
}
