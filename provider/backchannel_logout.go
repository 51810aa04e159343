package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/symbolon-id/symbolon/clients"
)

// logoutClaims are the claims of a logout token (OIDC Back-Channel Logout §2.4). It has no nonce, so that it cannot pass for an ID token.
type logoutClaims struct {
	Issuer    string                `json:"iss"`
	Subject   string                `json:"sub"`
	Audience  string                `json:"aud"`
	IssuedAt  int64                 `json:"iat"`
	ExpiresAt int64                 `json:"exp"`
	ID        string                `json:"jti"`
	SessionID string                `json:"sid"`
	Events    map[string]emptyEvent `json:"events"`
}

type emptyEvent struct{}

const (
	logoutEvent         = "http://schemas.openid.net/event/backchannel-logout"
	logoutTokenLifetime = 2 * time.Minute

	outboxEvery   = time.Second
	outboxBatch   = 16
	outboxRetry   = time.Minute // for a node that dies in the middle of an attempt
	maxAttempts   = 20          // over about a day
	maxLogoutBody = 4 << 10     // bytes read of a client's answer

	outboxWorkers   = 32 // deliveries under way at one node
	outboxPerClient = 2
	outboxQueue     = 64              // notices that wait for the deliveries to their client
	outboxBusy      = 5 * time.Second // until a notice to a client that has enough to do is looked at again
)

// RunOutbox delivers log-out notices until ctx ends. Any number of nodes may run it. onError is told of storage faults. A client that does not
// answer holds up nobody else's: it has two deliveries under way at the most, and the rest of its notices wait.
func (p *Provider) RunOutbox(ctx context.Context, onError func(error)) {
	o := &outbox{provider: p, onError: onError, slots: make(chan struct{}, outboxWorkers), busy: map[string]int{}, queue: map[string][]claimedNotice{}}
	defer o.work.Wait()
	tick := time.NewTicker(outboxEvery)
	defer tick.Stop()
	for {
		for o.claim(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// outbox is the deliveries under way at one node.
type outbox struct {
	provider *Provider
	onError  func(error)
	slots    chan struct{} // one for each delivery under way
	work     sync.WaitGroup

	mu    sync.Mutex
	busy  map[string]int             // deliveries under way, by client
	queue map[string][]claimedNotice // what waits for them
}

type claimedNotice struct {
	LogoutNotice
	at time.Time // of the claim
}

// claim takes as many notices as there are free slots, and starts on each. It reports whether there may be more.
func (o *outbox) claim(ctx context.Context) (more bool) {
	free := min(outboxWorkers-len(o.slots), outboxBatch)
	if free == 0 || ctx.Err() != nil {
		return false
	}
	now := time.Now()
	notices, err := o.provider.config.Outbox.ClaimLogoutNotices(ctx, now, now.Add(outboxRetry), free)
	if err != nil {
		o.report(ctx, fmt.Errorf("claim log-out notices: %w", err))
		return false
	}
	for _, n := range notices {
		o.take(ctx, claimedNotice{n, now})
	}
	return len(notices) == free
}

// take starts on a notice, or lets it wait for the deliveries to the same client; a client that has enough waiting gets it later.
func (o *outbox) take(ctx context.Context, n claimedNotice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.busy[n.ClientID] < outboxPerClient:
		o.busy[n.ClientID]++
		o.slots <- struct{}{} // claim has counted them
		o.work.Go(func() {
			defer func() { <-o.slots }()
			o.deliver(ctx, n)
		})
	case len(o.queue[n.ClientID]) < outboxQueue:
		o.queue[n.ClientID] = append(o.queue[n.ClientID], n)
	default:
		o.work.Go(func() { o.postpone(ctx, n) })
	}
}

// deliver delivers the notice, and after it those of its client that wait. Those that a slow client has kept waiting for long are put off, before
// another node takes them.
func (o *outbox) deliver(ctx context.Context, n claimedNotice) {
	for more := true; more; n, more = o.next(n.ClientID) {
		if time.Since(n.at) > outboxRetry/2 {
			o.postpone(ctx, n)
			continue
		}
		o.report(ctx, o.provider.deliverLogout(ctx, n.LogoutNotice))
	}
}

// next returns what waits for the client, or ends a delivery.
func (o *outbox) next(client string) (claimedNotice, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if waiting := o.queue[client]; len(waiting) > 0 {
		o.queue[client] = waiting[1:]
		return waiting[0], true
	}
	delete(o.queue, client)
	if o.busy[client]--; o.busy[client] == 0 {
		delete(o.busy, client)
	}
	return claimedNotice{}, false
}

func (o *outbox) postpone(ctx context.Context, n claimedNotice) {
	o.report(ctx, o.provider.config.Outbox.PostponeLogoutNotice(ctx, n.ID, time.Now().Add(outboxBusy)))
}

func (o *outbox) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		o.onError(err)
	}
}

// deliverLogout makes one attempt and records how it went.
func (p *Provider) deliverLogout(ctx context.Context, n LogoutNotice) error {
	client, err := p.client(ctx, n.ClientID)
	if err != nil {
		return err // due again by itself
	}
	if client == nil || client.Metadata.BackchannelLogoutURI == "" {
		return p.config.Outbox.DeleteLogoutNotice(ctx, n.ID) // nobody to tell any more
	}
	failure := p.postLogoutToken(ctx, client, n)
	switch {
	case failure == nil:
		return p.config.Outbox.DeleteLogoutNotice(ctx, n.ID)
	case n.Attempts >= maxAttempts:
		return p.config.Outbox.BuryLogoutNotice(ctx, n.ID, time.Now(), failure.Error())
	default:
		return p.config.Outbox.DelayLogoutNotice(ctx, n.ID, time.Now().Add(backOff(n.Attempts)), failure.Error())
	}
}

// backOff is the pause after the n-th attempt: 2 s, 4 s, … up to three hours.
func backOff(n int) time.Duration {
	return min(time.Second<<min(n, 20), 3*time.Hour)
}

// postLogoutToken tells the client (OIDC Back-Channel Logout §2.5). The token is made anew for each attempt: it lives two minutes.
func (p *Provider) postLogoutToken(ctx context.Context, c *clients.Client, n LogoutNotice) error {
	now := time.Now()
	claims := logoutClaims{
		Issuer: p.config.Issuer, Subject: p.subject(c, n.AccountID), Audience: c.ID, IssuedAt: now.Unix(), ExpiresAt: now.Add(logoutTokenLifetime).Unix(),
		ID: randomID(), SessionID: p.sid(c, n.SessionID), Events: map[string]emptyEvent{logoutEvent: {}},
	}
	// OIDC Back-Channel Logout §2.4: signed and encrypted as the client's ID tokens are.
	token, err := p.signFor(ctx, c, c.Metadata.IDTokenSignedResponseAlg, idTokenEncryption(c), "logout+jwt", claims)
	if err != nil {
		return err
	}
	body := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Metadata.BackchannelLogoutURI, body)
	if err != nil {
		return errors.New("the backchannel_logout_uri does not parse")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.config.HTTPClient.Do(r)
	if err != nil {
		return errors.New("the client did not answer") // the same text whatever the reason: nobody is to map a network through us
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxLogoutBody))
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the client answered %d", resp.StatusCode)
	}
	return nil
}
