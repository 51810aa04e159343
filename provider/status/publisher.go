package status

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// MediaType is that of a published list, and "typ" of its JWT without "application/" (Token Status List §5.1).
const MediaType = "application/statuslist+jwt"

// overlap is how far back each reading of revocations goes: longer than any transaction that sets a bit takes to commit.
const overlap = time.Minute

// PublisherConfig configures a Publisher.
type PublisherConfig struct {
	Store Store
	// Sign signs the claims as a JWT of type "statuslist+jwt".
	Sign func(claims []byte) (string, error)
	// URI returns the address of a list: its "sub", and what tokens name.
	URI func(list int64) string
	// TTL is how long a partner may go without looking again (the "ttl" claim).
	TTL time.Duration
	// Refresh is how old what this node knows may be before a request makes it look again. Zero: 1 s.
	Refresh time.Duration
}

// Publisher renders the lists. It is safe for concurrent use.
type Publisher struct {
	config PublisherConfig

	mu    sync.Mutex
	lists map[int64]*published
}

// Document is a signed list as it is served.
type Document struct {
	JWT      string
	ETag     string
	IssuedAt time.Time // whole seconds; TTL counts from it
}

// published is what this node knows of one list.
type published struct {
	mu       sync.Mutex
	bits     []byte // Size/8 bytes
	lst      string // the bits, compressed and encoded
	readAt   time.Time
	wholeAt  time.Time // of the last reading from the beginning
	checked  time.Time // the list was seen to exist
	document Document
}

// NewPublisher returns a publisher.
func NewPublisher(config PublisherConfig) *Publisher {
	if config.Refresh == 0 {
		config.Refresh = time.Second
	}
	return &Publisher{config: config, lists: map[int64]*published{}}
}

// List returns the list as it is now, at most Refresh old: ErrNotFound, or a storage fault. A fault is served over with what is known for no longer
// than half the TTL.
func (p *Publisher) List(ctx context.Context, list int64) (Document, error) {
	l, err := p.known(ctx, list)
	if err != nil {
		return Document{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.document.JWT != "" && now.Sub(l.readAt) < p.config.Refresh {
		return l.document, nil
	}
	if err := p.refresh(ctx, l, list, now); err != nil {
		if l.document.JWT != "" && now.Sub(l.document.IssuedAt) < p.config.TTL/2 {
			return l.document, nil
		}
		return Document{}, err
	}
	return l.document, nil
}

// recheck is how long a list is taken to exist without asking again.
const recheck = time.Minute

// known returns the list's place in memory. Lists that do not exist get none, however often they are asked for.
func (p *Publisher) known(ctx context.Context, list int64) (*published, error) {
	now := time.Now()
	p.mu.Lock()
	l := p.lists[list]
	fresh := l != nil && now.Sub(l.checked) < recheck
	p.mu.Unlock()
	if fresh {
		return l, nil
	}
	exists, err := p.config.Store.ListExists(ctx, list, now)
	if err != nil {
		return nil, fmt.Errorf("status list %d: %w", list, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !exists {
		delete(p.lists, list)
		return nil, ErrNotFound
	}
	if l = p.lists[list]; l == nil {
		l = &published{}
		p.lists[list] = l
	}
	l.checked = now
	return l, nil
}

// wholeEvery is how often a list is read from the beginning, so that bits nobody needs any more are cleared.
const wholeEvery = 10 * time.Minute

// refresh reads what was revoked since the last time, and signs the list anew.
func (p *Publisher) refresh(ctx context.Context, l *published, list int64, now time.Time) error {
	since, bits := l.readAt.Add(-overlap), l.bits
	whole := bits == nil || now.Sub(l.wholeAt) >= wholeEvery
	if whole {
		since, bits = time.Time{}, make([]byte, Size/8)
	}
	revoked, err := p.config.Store.Revocations(ctx, list, since, now)
	if err != nil {
		return fmt.Errorf("status list %d: %w", list, err)
	}
	changed := whole
	for _, i := range revoked {
		if bit := byte(1) << (i % 8); bits[i/8]&bit == 0 { // the first index is the lowest bit (Token Status List §4.1)
			bits[i/8] |= bit
			changed = true
		}
	}
	if changed {
		if l.lst, err = encode(bits); err != nil {
			return err
		}
	}
	document, err := p.sign(list, l.lst, now)
	if err != nil {
		return err
	}
	l.bits, l.readAt, l.document = bits, now, document
	if whole {
		l.wholeAt = now
	}
	return nil
}

// listClaims are the claims of a status list token (Token Status List §5.1).
type listClaims struct {
	Subject    string     `json:"sub"`
	IssuedAt   int64      `json:"iat"`
	ExpiresAt  int64      `json:"exp"`
	TTL        int64      `json:"ttl"` // seconds
	StatusList statusList `json:"status_list"`
}

type statusList struct {
	Bits int    `json:"bits"`
	List string `json:"lst"`
}

// expiry is how many TTLs a list is good for: a partner that cannot reach us may decide to wait so long.
const expiry = 10

func (p *Publisher) sign(list int64, lst string, now time.Time) (Document, error) {
	now = now.Truncate(time.Second)
	claims, err := json.Marshal(listClaims{
		Subject: p.config.URI(list), IssuedAt: now.Unix(), ExpiresAt: now.Add(expiry * p.config.TTL).Unix(), TTL: int64(p.config.TTL.Seconds()),
		StatusList: statusList{Bits: 1, List: lst},
	})
	if err != nil {
		return Document{}, err
	}
	jwt, err := p.config.Sign(claims)
	if err != nil {
		return Document{}, fmt.Errorf("sign status list %d: %w", list, err)
	}
	return Document{JWT: jwt, ETag: `"` + jwt[len(jwt)-22:] + `"`, IssuedAt: now}, nil
}

// compression is the zlib level. The highest, which Token Status List §4.1 recommends, takes thirty times as long for a seventh less, and a
// list is compressed anew each second in which one of its bits was set.
const compression = 5

// encode compresses a bit array (RFC 1950) and encodes it (Token Status List §4.1, §4.2).
func encode(bits []byte) (string, error) {
	var buf bytes.Buffer
	w, err := zlib.NewWriterLevel(&buf, compression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(bits); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(buf.Bytes()), nil
}
