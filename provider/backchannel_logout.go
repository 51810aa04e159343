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

	"github.com/go-jose/go-jose/v4"

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
	maxAttempts   = 12          // over about a day
	maxLogoutBody = 4 << 10     // bytes read of a client's answer
)

// RunOutbox delivers log-out notices until ctx ends. Any number of nodes may run it. onError is told of storage faults.
func (p *Provider) RunOutbox(ctx context.Context, onError func(error)) {
	tick := time.NewTicker(outboxEvery)
	defer tick.Stop()
	for {
		for {
			n, err := p.deliverLogouts(ctx)
			if err != nil && ctx.Err() == nil {
				onError(err)
			}
			if n < outboxBatch || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// deliverLogouts claims one batch of notices and delivers them side by side, so that a slow client holds up nobody else's.
func (p *Provider) deliverLogouts(ctx context.Context) (claimed int, err error) {
	now := time.Now()
	notices, err := p.config.Outbox.ClaimLogoutNotices(ctx, now, now.Add(outboxRetry), outboxBatch)
	if err != nil {
		return 0, fmt.Errorf("claim log-out notices: %w", err)
	}
	errs := make([]error, len(notices))
	var wg sync.WaitGroup
	for i, n := range notices {
		wg.Go(func() { errs[i] = p.deliverLogout(ctx, n) })
	}
	wg.Wait()
	return len(notices), errors.Join(errs...)
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
	alg := IDTokenAlgorithm
	if a := c.Metadata.IDTokenSignedResponseAlg; a != "" {
		alg = jose.SignatureAlgorithm(a)
	}
	now := time.Now()
	token, err := p.sign(alg, "logout+jwt", logoutClaims{
		Issuer: p.config.Issuer, Subject: p.subject(c, n.AccountID), Audience: c.ID, IssuedAt: now.Unix(), ExpiresAt: now.Add(logoutTokenLifetime).Unix(),
		ID: randomID(), SessionID: p.sid(c, n.SessionID), Events: map[string]emptyEvent{logoutEvent: {}},
	})
	if err != nil {
		return err
	}
	if token, err = p.encryptToken(ctx, c, idTokenEncryption(c), token); err != nil { // OIDC Back-Channel Logout §2.4
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
