package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// kill -9 of the real binary, again and again, during a thousand sign-ins with redemptions and refreshes. What was acknowledged holds: every
// token that a client has received works, and a request that got no answer can be sent again as it is.
func TestKillDuringSignIns(t *testing.T) {
	t.Parallel()
	signIns, kills := 1000, 6
	if testing.Short() {
		signIns, kills = 120, 3
	}
	storagetest.Each(t, func(t *testing.T, url string) {
		d := deploy(t, url, "")
		c := &crash{deployment: d, node: d.serve()}
		c.partner = d.loadPartner(&load.Partner{Client: c.patientClient()})
		c.run(signIns, kills)
		c.checkAcknowledged()
		c.checkGrants()
		c.checkIntegrity()
		if err := c.node.Stop(); err != nil {
			t.Errorf("orderly stop after the crashes: %v", err)
		}
		t.Logf("%d sign-ins, %d kills: %d requests sent again, %d of them refreshes; %d codes spent without an answer",
			signIns, kills, c.retried.Load(), c.refreshes.Load(), c.lost.Load())
	})
}

// crash is a deployment that is killed under load.
type crash struct {
	*deployment
	partner *load.Partner

	up        sync.RWMutex // held for writing while the server is down
	node      *load.Node
	retried   atomic.Int64 // requests sent again
	refreshes atomic.Int64 // refreshes among them
	lost      atomic.Int64 // codes that were redeemed without the client learning of it
	done      atomic.Int64 // sign-ins finished

	mu           sync.Mutex
	acknowledged []acknowledged
}

// acknowledged is what a client was answered in one sign-in.
type acknowledged struct {
	accessTokens []string
	refreshToken string // the newest
}

// run has a crowd do n sign-ins while the server is killed now and then.
func (c *crash) run(n, kills int) {
	c.t.Helper()
	tickets := make(chan int, n)
	for i := range n {
		tickets <- i
	}
	close(tickets)
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for i := range tickets {
				c.signIn(i)
				c.done.Add(1)
			}
		})
	}
	for i := range kills {
		for c.done.Load() < int64((i+1)*n/(kills+1)) {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(10_000)) * time.Microsecond)
		c.up.Lock()   // what fails from here on waits until the server is up again
		c.node.Kill() // requests are on their way in
		node := c.start()
		c.awaitReady(node)
		c.node = node
		c.up.Unlock()
	}
	group.Wait()
	if len(c.acknowledged) != n && !c.t.Failed() {
		c.t.Errorf("%d of %d sign-ins were acknowledged", len(c.acknowledged), n)
	}
}

// signIn signs somebody in, redeems the code, and refreshes up to four times. When a request was sent again, what came before the crash may have
// spent the state or the code: then, and only then, a refusal is right, and the person starts anew.
func (c *crash) signIn(i int) {
	people := []string{"ada", "grace", "minji", "alan", "edsger"}
	for {
		ctx, again := withRetryMark(c.t.Context())
		code, err := c.partner.SignIn(ctx, load.NewBrowser(c.partner.Client), people[i%len(people)])
		if err != nil {
			if c.mayRefuse(err, again) {
				continue
			}
			return
		}
		again.Store(false)
		tokens, err := c.partner.Redeem(ctx, code)
		if err != nil {
			if c.mayRefuse(err, again) {
				c.lost.Add(1)
				continue
			}
			return
		}
		c.refresh(i%5, tokens)
		return
	}
}

// refresh uses refresh tokens. Sent again, a refresh is answered with the same successor: it never fails.
func (c *crash) refresh(times int, tokens load.Tokens) {
	a := acknowledged{[]string{tokens.AccessToken}, tokens.RefreshToken}
	for range times {
		ctx, again := withRetryMark(c.t.Context())
		next, err := c.partner.Refresh(ctx, a.refreshToken)
		if again.Load() {
			c.refreshes.Add(1)
		}
		if err != nil {
			c.t.Errorf("refresh: %v", err)
			break
		}
		a.accessTokens, a.refreshToken = append(a.accessTokens, next.AccessToken), next.RefreshToken
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acknowledged = append(c.acknowledged, a)
}

// mayRefuse reports whether the error is a refusal of something that was sent again. Anything else fails the test.
func (c *crash) mayRefuse(err error, again *atomic.Bool) bool {
	var refused *load.Refusal
	if errors.As(err, &refused) && refused.Status < 500 && again.Load() {
		return true
	}
	c.t.Errorf("sent again: %v: %v", again.Load(), err)
	return false
}

// checkAcknowledged: every access token that a client received is active and opens userinfo, and its newest refresh token works.
func (c *crash) checkAcknowledged() {
	c.t.Helper()
	var group sync.WaitGroup
	work := make(chan acknowledged)
	for range 8 {
		group.Go(func() {
			for a := range work {
				c.checkWorks(a)
			}
		})
	}
	for _, a := range c.acknowledged {
		work <- a
	}
	close(work)
	group.Wait()
}

func (c *crash) checkWorks(a acknowledged) {
	ctx := c.t.Context()
	for _, token := range a.accessTokens {
		if active, err := c.partner.Introspect(ctx, token); err != nil || !active {
			c.t.Errorf("introspection of an acknowledged access token: %v, %v", active, err)
		}
	}
	if _, err := c.partner.UserInfo(ctx, a.accessTokens[len(a.accessTokens)-1]); err != nil {
		c.t.Errorf("userinfo: %v", err)
	}
	if _, err := c.partner.Refresh(ctx, a.refreshToken); err != nil {
		c.t.Errorf("the newest refresh token: %v", err)
	}
}

// checkGrants: the live grants are those of the acknowledged sign-ins, one each. A code whose redemption got no answer was redeemed again, which
// ended its grant, so there is no other.
func (c *crash) checkGrants() {
	c.t.Helper()
	want := map[string]int{}
	for _, a := range c.acknowledged {
		for i, token := range a.accessTokens {
			id, _, _ := strings.Cut(readJWT(c.t, token).text("jti"), ".")
			if i == 0 {
				want[id]++
			}
			if want[id] != 1 {
				c.t.Errorf("the grant %s belongs to %d sign-ins", id, want[id])
			}
		}
	}
	got := c.rows(c.sql(), "SELECT id FROM grants WHERE revoked_at IS NULL ORDER BY id")
	slices.Sort(got)
	if wanted := slices.Sorted(maps.Keys(want)); !slices.Equal(got, wanted) {
		c.t.Errorf("%d grants are alive, %d were acknowledged, or they are others", len(got), len(wanted))
	}
	if revoked := c.count("grants WHERE revoked_at IS NOT NULL"); revoked > int(c.lost.Load()) {
		c.t.Errorf("%d grants are revoked, but only %d codes were redeemed again", revoked, c.lost.Load())
	}
}

func (c *crash) checkIntegrity() {
	c.t.Helper()
	if c.config.Database.SQLitePath() == "" {
		return
	}
	if got := c.rows(c.sql(), "PRAGMA integrity_check"); !slices.Equal(got, []string{"ok"}) {
		c.t.Errorf("integrity_check: %v", got)
	}
}

type retryMark struct{}

// withRetryMark returns a context whose requests say in the flag when they were sent again.
func withRetryMark(ctx context.Context) (context.Context, *atomic.Bool) {
	again := &atomic.Bool{}
	return context.WithValue(ctx, retryMark{}, again), again
}

// patientClient returns a client that sends a request again, as it is, until it is answered.
func (c *crash) patientClient() *http.Client {
	client := load.NewClient(64)
	client.Transport = patient{c, client.Transport}
	return client
}

type patient struct {
	crash *crash
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper. An answer that breaks off is none.
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		sent := r.Clone(r.Context())
		if r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			sent.Body = body
		}
		resp, err := p.once(sent)
		if err == nil || attempt == 5 || r.Context().Err() != nil {
			return resp, err
		}
		p.crash.retried.Add(1)
		if again, ok := r.Context().Value(retryMark{}).(*atomic.Bool); ok {
			again.Store(true)
		}
		time.Sleep(5 * time.Millisecond)
		p.crash.await()
	}
}

// await waits until the server is up.
func (c *crash) await() {
	c.up.RLock()
	defer c.up.RUnlock()
}

func (p patient) once(r *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
