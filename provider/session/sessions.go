package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"
)

// CookieName is the name of the session cookie. The prefix makes browsers refuse it from sub-domains, without Secure and with another path.
const CookieName = "__Host-symbolon"

// Config configures Sessions.
type Config struct {
	Store    Store
	Idle     time.Duration // a session not used for so long has ended
	Absolute time.Duration // a session so old has ended, however much it was used
	// StateMAC keys the browser state that clients may watch (OIDC Session Management §3.2). nil: browsers get no state cookie.
	StateMAC func(data []byte) []byte
}

// Sessions starts, finds and ends the sessions of browsers.
type Sessions struct {
	config Config
}

// New returns Sessions over a store.
func New(config Config) *Sessions { return &Sessions{config: config} }

// StartParams is what a log-in knows of itself.
type StartParams struct {
	AccountID string
	Upstream  string
	AMR       []string
	ACR       string
	AuthTime  time.Time
}

// Start begins a session and sets its cookie, whose value is new at every log-in: a value planted before it is worth nothing. The session that
// the browser had goes in the same commit.
func (s *Sessions) Start(w http.ResponseWriter, r *http.Request, p StartParams) (Session, error) {
	now := time.Now()
	token, tokenHash := newToken()
	session := Session{
		ID: randomText(16), AccountID: p.AccountID, Upstream: p.Upstream, AMR: p.AMR, ACR: p.ACR,
		AuthTime: p.AuthTime, LoginAt: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.config.Absolute),
		UserAgent: truncate(r.UserAgent(), 256),
	}
	old, err := s.Current(r)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Session{}, err
	}
	if err == nil && old.AccountID == p.AccountID {
		session.ID = old.ID // the same person proved themselves again: the sign-ins at partners stay theirs
	}
	replaces, _ := tokenOf(r)
	if err := s.config.Store.StartSession(r.Context(), session, tokenHash, replaces); err != nil {
		return Session{}, err
	}
	http.SetCookie(w, &http.Cookie{
		Name: CookieName, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(s.config.Absolute.Seconds()),
	})
	s.ShowState(w, r, &session)
	return session, nil
}

// Current returns the session of the browser that sent r: ErrNotFound when it has none that is alive, or a storage fault. Now and then it
// records that the session was used.
func (s *Sessions) Current(r *http.Request) (Session, error) {
	tokenHash, ok := tokenOf(r)
	if !ok {
		return Session{}, ErrNotFound
	}
	session, err := s.config.Store.SessionByToken(r.Context(), tokenHash)
	if err != nil {
		return Session{}, err
	}
	now := time.Now()
	if !now.Before(session.ExpiresAt) || now.Sub(session.SeenAt) >= s.config.Idle {
		return Session{}, ErrNotFound
	}
	if now.Sub(session.SeenAt) >= s.touchEvery() {
		if err := s.config.Store.TouchSession(r.Context(), session.ID, now); err != nil {
			return Session{}, err
		}
		session.SeenAt = now
	}
	return session, nil
}

// touchEvery is how stale SeenAt may be: recording every use would cost a commit per page.
func (s *Sessions) touchEvery() time.Duration { return min(s.config.Idle/8, 5*time.Minute) }

// End ends the session of the browser that sent r, if it has one, and takes the cookie away. A session that has been idle for too long is ended
// like any other: its grants and the partners' own sessions may still live. A browser that sent no cookie keeps what it has.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request) error {
	tokenHash, ok := tokenOf(r)
	if !ok {
		return nil
	}
	session, err := s.config.Store.SessionByToken(r.Context(), tokenHash)
	if err == nil {
		err = s.EndByID(r.Context(), session.ID)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: CookieName, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	s.ShowState(w, r, nil)
	return nil
}

// EndByID ends the session with the id, wherever its browser is.
func (s *Sessions) EndByID(ctx context.Context, id string) error {
	return s.config.Store.EndSession(ctx, id, time.Now())
}

// tokenOf returns the hash of the cookie's value. Two cookies of the name are none: nobody can say which one is ours.
func tokenOf(r *http.Request) (hash []byte, ok bool) {
	cookies := r.CookiesNamed(CookieName)
	if len(cookies) != 1 || len(cookies[0].Value) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return nil, false
	}
	sum := sha256.Sum256([]byte(cookies[0].Value))
	return sum[:], true
}

const tokenBytes = 32

func newToken() (token string, hash []byte) {
	token = randomText(tokenBytes)
	sum := sha256.Sum256([]byte(token))
	return token, sum[:]
}

// randomText returns n random bytes as base64url.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails, crypto/rand says
	return base64.RawURLEncoding.EncodeToString(b)
}

// truncate returns at most n bytes of s that both databases can keep as text.
func truncate(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}
