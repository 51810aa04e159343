package clients

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Limits on fetching logos.
const (
	maxLogoFile  = 256 << 10
	logoTimeout  = 5 * time.Second
	logoFetches  = 16          // at once
	logosPerHost = 4           // at once
	logoAge      = time.Hour   // until a picture is fetched again
	logoBackoff  = time.Minute // after a failure, until the address is asked again
	maxLogos     = 512         // kept in memory, of some 5 kB each, 50 at the most
)

// LogosConfig is what Logos works with.
type LogosConfig struct {
	// Clients finds a client as the pages do. *Cache does.
	Clients interface {
		Client(ctx context.Context, id string) (*Client, error)
	}
	// HTTPClient guards where requests may go, and follows no redirects.
	HTTPClient *http.Client
	// Refused is told of logos that could not be had, for the log; may be nil.
	Refused func(ctx context.Context, address string, err error)
}

// Logos fetches and keeps the pictures at the logo_uri of clients, so that no browser has to ask for them elsewhere: the client's host would learn
// who signs in, and when. It is per process, and safe for concurrent use.
type Logos struct {
	cfg     LogosConfig
	places  *places
	drawing chan struct{} // has room for one: see draw

	mu   sync.Mutex
	seen map[string]*logo // by logo_uri
}

// logo is what this process knows of an address.
type logo struct {
	done   chan struct{} // closed once it is known
	square []byte        // a PNG; nil when there is none to show. Written before done is closed
	askAt  time.Time     // not to be asked for before; zero while it is being fetched
	used   time.Time     // last
}

// NewLogos returns an empty memory of logos.
func NewLogos(cfg LogosConfig) *Logos {
	return &Logos{cfg: cfg, places: newPlaces(logoFetches, logosPerHost), drawing: make(chan struct{}, 1), seen: map[string]*logo{}}
}

// LogoName names the logo that the client has registered, in 16 characters that may stand in a path; "" for none. Another logo_uri has another name.
func (c *Client) LogoName() string {
	if c.Metadata.LogoURI == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(c.Metadata.LogoURI))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// Logo returns the client's logo as a square PNG. It is nil when it cannot be shown, or is not there before ctx ends; the fetch goes on then, for
// those who ask next. Only what a client has registered is ever fetched: the error is ErrNotFound when there is no such client, or its logo has
// another name, or it is a storage fault.
func (l *Logos) Logo(ctx context.Context, clientID, name string) ([]byte, error) {
	c, err := l.cfg.Clients.Client(ctx, clientID)
	switch {
	case err != nil:
		return nil, err
	case name == "" || name != c.LogoName():
		return nil, ErrNotFound
	}
	found := l.look(ctx, c.Metadata.LogoURI)
	if found == nil {
		return nil, nil
	}
	select {
	case <-found.done:
		return found.square, nil
	case <-ctx.Done():
		return nil, nil
	}
}

// look returns what is known of the address, or will be once it is done; nil when too many others are being fetched.
func (l *Logos) look(ctx context.Context, address string) *logo {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if known := l.seen[address]; known != nil && (known.askAt.IsZero() || now.Before(known.askAt)) {
		known.used = now
		return known
	}
	release := l.places.take(strings.ToLower(u.Host))
	if release == nil {
		return nil
	}
	l.dropOldest()
	next := &logo{done: make(chan struct{}), used: now}
	l.seen[strings.Clone(address)] = next
	go func() {
		defer release()
		l.fill(context.WithoutCancel(ctx), next, address)
	}()
	return next
}

// fill fetches what is at the address. A failure is remembered for a while, too: it bounds how often strangers make us ask.
func (l *Logos) fill(ctx context.Context, next *logo, address string) {
	ctx, cancel := context.WithTimeout(ctx, logoTimeout)
	defer cancel()
	data, err := l.get(ctx, address)
	if err == nil {
		next.square, err = l.draw(data)
	}
	age := logoAge
	if err != nil {
		age = logoBackoff
		if l.cfg.Refused != nil {
			l.cfg.Refused(ctx, address, err)
		}
	}
	l.mu.Lock()
	next.askAt = time.Now().Add(age)
	l.mu.Unlock()
	close(next.done)
}

// draw is redrawLogo for one picture at a time, as each takes megabytes. Then there is a rest of three times as long: whoever registers picture after
// picture, each as costly as it may be, keeps a quarter of a processor busy, and sign-ins have the others.
func (l *Logos) draw(data []byte) (square []byte, err error) {
	l.drawing <- struct{}{}
	began := time.Now()
	defer func() { time.AfterFunc(3*time.Since(began), func() { <-l.drawing }) }()
	return redrawLogo(data)
}

// get returns the body of a good answer. Nothing of ours goes along, and what it calls itself does not matter: its bytes say what it is.
func (l *Logos) get(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "image/png, image/jpeg, image/gif")
	r.Header.Set("Accept-Encoding", "identity") // nothing grows while it is read
	r.Header.Set("User-Agent", "Symbolon")
	r.Close = true // there is one picture at most hosts, once an hour
	resp, err := l.cfg.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it is answered with status %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxLogoFile+1))
	if err == nil && len(data) > maxLogoFile {
		err = errors.New("it is larger than 256 KiB")
	}
	return data, err
}

// dropOldest leaves room for one more: the one that nobody has used for longest goes. l.mu is held.
func (l *Logos) dropOldest() {
	if len(l.seen) < maxLogos {
		return
	}
	oldest := ""
	for address, known := range l.seen {
		if !known.askAt.IsZero() && (oldest == "" || known.used.Before(l.seen[oldest].used)) {
			oldest = address
		}
	}
	delete(l.seen, oldest)
}
