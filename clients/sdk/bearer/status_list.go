package bearer

import (
	"compress/zlib"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	maxListToken = 8 << 20 // bytes of a status list as it is fetched
	maxListBytes = 8 << 20 // bytes of a status list, decompressed: 64 million tokens of one bit
	defaultTTL   = time.Minute
	maxTTL       = 7 * 24 * time.Hour
	statusValid  = 0 // Token Status List §7.1
)

// statusList is the content of a Status List Token (Token Status List §5.1). It does not change.
type statusList struct {
	bits      int // per token: 1, 2, 4 or 8
	statuses  []byte
	issuedAt  time.Time
	expiresAt time.Time     // zero: not said
	ttl       time.Duration // 0: not said
	etag      string
}

// at returns the status of a token (Token Status List §4.1): the lowest bits of a byte come first.
func (l *statusList) at(index int64) (status byte, ok bool) {
	perByte := int64(8 / l.bits)
	if index < 0 || index/perByte >= int64(len(l.statuses)) {
		return 0, false
	}
	shift := int(index%perByte) * l.bits
	return l.statuses[index/perByte] >> shift & (1<<l.bits - 1), true
}

// fetch is the fetch of one cached list.
func (s *statusLists) fetch(ctx context.Context, uri string, old *statusList) (*statusList, plan, error) {
	q := query{url: uri, accept: "application/statuslist+jwt", limit: maxListToken}
	if old != nil {
		q.etag = old.etag
	}
	list, life := old, defaultTTL
	err := s.fetcher.get(ctx, "status", q, func(a answer) error {
		if age, ok := a.maxAge(); ok && age > 0 {
			life = age
		}
		if a.unchanged {
			return nil
		}
		claims, err := s.verifier.open(ctx, strings.TrimSpace(a.body), "statuslist+jwt")
		if err != nil {
			return err
		}
		l, err := parseStatusList(claims, uri, s.verifier.config.Issuer)
		if err != nil {
			return err
		}
		// An older list than ours comes from a proxy that is behind: it would take revocations back.
		if l.etag = a.header.Get("ETag"); old == nil || !l.issuedAt.Before(old.issuedAt) {
			list = l
		}
		return nil
	})
	if err != nil {
		return nil, plan{}, err
	}
	if list.ttl > 0 {
		life = list.ttl
	}
	p, err := s.plan(list, life, time.Now())
	return list, p, err
}

// plan says how long a list may be used. Its age counts from when it was signed, so that the time it spent in a proxy counts too. One second is
// for fetching the next one: until then the old list still answers.
func (s *statusLists) plan(l *statusList, life time.Duration, now time.Time) (plan, error) {
	c := &s.verifier.config
	if l.issuedAt.After(now.Add(c.ClockSkew)) {
		return plan{}, errors.New("status list is issued in the future")
	}
	signed := l.issuedAt
	if c.Status.FreshFromFetch || signed.After(now) {
		signed = now
	}
	life = min(max(life, time.Second), maxTTL)
	age := c.Status.MaxAge
	if age == 0 {
		age = max(2*life, time.Minute)
	}
	p := plan{refreshAt: signed.Add(min(life, age)), usableUntil: signed.Add(age + c.ClockSkew)}
	if !l.expiresAt.IsZero() {
		// Token Status List §8.3: an expired list says nothing any more.
		if end := l.expiresAt.Add(c.ClockSkew); end.Before(p.usableUntil) {
			p.usableUntil = end
		}
	}
	if !now.Before(p.usableUntil) {
		return plan{}, fmt.Errorf("status list of %s is too old", l.issuedAt.UTC().Format(time.RFC3339))
	}
	p.freshUntil = p.refreshAt.Add(time.Second)
	if p.usableUntil.Before(p.freshUntil) {
		p.freshUntil = p.usableUntil
	}
	p.retry = min(max(life/10, time.Second), lastRetry)
	return p, nil
}

// parseStatusList reads the claims of a Status List Token and compares them with what was asked for.
func parseStatusList(claims, uri, issuer string) (*statusList, error) {
	var l statusList
	var subject string
	var m members
	r := reader{text: claims}
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		switch name {
		case "sub":
			subject = r.string()
		case "iss":
			if r.string() != issuer {
				r.fail("iss is another issuer")
			}
		case "iat":
			l.issuedAt = r.numericDate()
		case "exp":
			l.expiresAt = r.numericDate()
		case "ttl":
			ttl := r.float()
			if ttl <= 0 {
				r.fail("ttl is not positive")
			}
			l.ttl = time.Duration(min(ttl, maxTTL.Seconds()) * float64(time.Second))
		case "status_list":
			l.bits, l.statuses = r.statuses()
		default:
			r.skip()
		}
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("status list: %w", err)
	}
	if subject != uri || l.issuedAt.IsZero() || l.bits == 0 {
		return nil, errors.New("status list: sub is not its address, or iat or status_list is missing")
	}
	return &l, nil
}

// statuses reads the "status_list" claim (Token Status List §4.2).
func (r *reader) statuses() (bits int, statuses []byte) {
	var m members
	r.object()
	var lst string
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		switch name {
		case "bits":
			bits = int(r.integer())
		case "lst":
			lst = r.string()
		default:
			r.skip()
		}
	}
	if r.err != nil {
		return 0, nil
	}
	if bits != 1 && bits != 2 && bits != 4 && bits != 8 {
		r.fail("bits is not 1, 2, 4 or 8")
		return 0, nil
	}
	statuses, err := inflate(lst)
	if err != nil {
		r.fail("lst: " + err.Error())
	}
	return bits, statuses
}

// inflate undoes base64url and ZLIB, up to maxListBytes.
func inflate(lst string) ([]byte, error) {
	z, err := zlib.NewReader(base64.NewDecoder(base64.RawURLEncoding.Strict(), strings.NewReader(lst)))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	b, err := io.ReadAll(io.LimitReader(z, maxListBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxListBytes {
		return nil, fmt.Errorf("larger than %d bytes", maxListBytes)
	}
	return b, nil
}
