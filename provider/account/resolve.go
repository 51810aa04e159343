package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// ErrAudience says that the identity was made under another client id at the upstream. Where subjects differ from client to client, the same
// subject may then be another person, so the sign-in is refused until an operator has decided.
var ErrAudience = errors.New("account: identity belongs to another client id at the upstream")

// Resolve returns the account behind a proven identity, and records the sign-in. An identity seen for the first time gets an account of its
// own: a matching e-mail address, verified or not, never leads into an account that is already there.
//
// Its errors are ErrBlocked, ErrAudience or a storage fault. Nothing is written for a blocked account.
func Resolve(ctx context.Context, store Store, p Proof, now time.Time) (Account, error) {
	if p.Connector == "" || p.Issuer == "" || p.Subject == "" {
		return Account{}, errors.New("account: proof without connector, issuer or subject")
	}
	if p.Email != "" {
		email, err := NormalizeEmail(p.Email)
		if err != nil {
			p.EmailTrust = EmailUnverified
		}
		p.Email = email // empty when it is no address
	}
	a, id, err := store.AccountByIdentity(ctx, p.Connector, p.Issuer, p.Subject)
	if errors.Is(err, ErrNotFound) {
		a, err = create(ctx, store, p, now)
		if !errors.Is(err, ErrExists) {
			return a, err
		}
		// Another callback of the same person was faster: theirs is the account.
		a, id, err = store.AccountByIdentity(ctx, p.Connector, p.Issuer, p.Subject)
	}
	if err != nil {
		return Account{}, fmt.Errorf("find account by identity: %w", err)
	}
	return signIn(ctx, store, a, id, p, now)
}

// create inserts the account of a person who has never been here.
func create(ctx context.Context, store Store, p Proof, now time.Time) (Account, error) {
	a := Account{
		ID:            newID(),
		Name:          p.Name,
		GivenName:     p.GivenName,
		FamilyName:    p.FamilyName,
		Picture:       p.Picture,
		Locale:        p.Locale,
		Email:         p.Email,
		EmailVerified: p.Email != "" && p.EmailTrust >= EmailVerified,
		CreatedAt:     now,
		UpdatedAt:     now,
	}
	id := Identity{
		Connector: p.Connector, Issuer: p.Issuer, Subject: p.Subject, Audience: p.Audience,
		AccountID: a.ID, Email: p.Email, EmailTrust: p.EmailTrust, LinkedAt: now, LastUsedAt: now,
	}
	if err := store.CreateAccount(ctx, a, id); err != nil {
		return Account{}, fmt.Errorf("create account: %w", err)
	}
	return a, nil
}

// signIn records that the account's person came back through the identity.
func signIn(ctx context.Context, store Store, a Account, id Identity, p Proof, now time.Time) (Account, error) {
	if !a.BlockedAt.IsZero() {
		return Account{}, ErrBlocked
	}
	if id.Audience != p.Audience {
		return Account{}, ErrAudience
	}
	changed := refreshProfile(&a, p)
	changed = refreshEmail(&a, id, p) || changed
	if changed {
		a.UpdatedAt = now
	}
	id.Email, id.EmailTrust, id.LastUsedAt = p.Email, p.EmailTrust, now
	if err := store.RecordSignIn(ctx, a, id); err != nil {
		return Account{}, fmt.Errorf("record sign-in: %w", err)
	}
	return a, nil
}

// refreshProfile copies what the upstream says of the person now, and says whether anything changed. A proof without a name carries no
// profile (the person did not share it this time), so the one we have stays.
func refreshProfile(a *Account, p Proof) bool {
	before := *a
	if p.Name != "" {
		a.Name, a.GivenName, a.FamilyName, a.Picture = p.Name, p.GivenName, p.FamilyName, p.Picture
	}
	if p.Locale != "" {
		a.Locale = p.Locale
	}
	return a.Name != before.Name || a.GivenName != before.GivenName || a.FamilyName != before.FamilyName ||
		a.Picture != before.Picture || a.Locale != before.Locale
}

// refreshEmail decides about the account's address and says whether anything changed. The address is the account's, not the upstream's: another
// one at the upstream replaces it only when the upstream runs that mailbox, or when the account has none.
func refreshEmail(a *Account, id Identity, p Proof) bool {
	verified := p.EmailTrust >= EmailVerified
	switch {
	case p.Email == "":
		return false
	case a.Email == p.Email:
		// The upstream may take back its word, but only its own: an address that was proven otherwise stays proven.
		withdrawn := !verified && id.Email == p.Email && id.EmailTrust >= EmailVerified
		if verified == a.EmailVerified || !verified && !withdrawn {
			return false
		}
	case a.Email != "" && p.EmailTrust < EmailAuthoritative:
		return false
	}
	a.Email, a.EmailVerified = p.Email, verified
	return true
}

// newID returns 128 random bits in 22 characters. None begins with "-": a command line would take it for a flag.
func newID() string {
	for {
		var b [16]byte
		rand.Read(b[:]) // never fails, crypto/rand says
		if id := base64.RawURLEncoding.EncodeToString(b[:]); id[0] != '-' {
			return id
		}
	}
}
