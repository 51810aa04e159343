package clients

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// attempts is how often a change is tried anew when the client changed in between and the caller named no version.
const attempts = 5

// Update applies an RFC 7396 merge patch to the client's metadata: members replace, null takes back to the default. Beside the metadata, the
// member "disabled" (a boolean) switches the client off or on. ifVersion is the version that the caller has seen, 0 for any. Changing
// token_endpoint_auth_method drops the secrets that the new method cannot use, and leaves the client without one until RotateSecret.
// Errors: *MetadataError, ErrNotFound, ErrConflict (another version), or a storage fault.
func (r *Registry) Update(ctx context.Context, id string, mergePatch []byte, ifVersion int64) (*Client, error) {
	return r.change(ctx, id, ifVersion, func(c *Client) error {
		disabled, old := !c.DisabledAt.IsZero(), c.Metadata
		if err := c.Metadata.merge(mergePatch, true, member{"disabled", &disabled}); err != nil {
			return err
		}
		c.Metadata.Normalize()
		if err := c.Metadata.Validate(r.rules); err != nil {
			return err
		}
		if err := r.cfg.FetchSector.Check(ctx, &old, &c.Metadata); err != nil {
			return err
		}
		switch {
		case !disabled:
			c.DisabledAt = time.Time{}
		case c.DisabledAt.IsZero():
			c.DisabledAt = c.UpdatedAt
		}
		c.DropUnfitSecrets()
		return nil
	})
}

// RotateSecret gives the client a new secret and returns it; it is not kept. The newest secret until now stays valid for overlap, 0 to
// MaxOverlap; older ones end. Errors: ErrNoSecret, ErrOverlap, ErrNotFound, or a storage fault.
func (r *Registry) RotateSecret(ctx context.Context, id string, overlap time.Duration) (secret string, c *Client, err error) {
	return r.RotateSecretIf(ctx, id, overlap, 0)
}

// RotateSecretIf is RotateSecret for a caller that has seen version ifVersion, 0 for any. ErrConflict when it is another now.
func (r *Registry) RotateSecretIf(ctx context.Context, id string, overlap time.Duration, ifVersion int64) (secret string, c *Client, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return "", nil, ErrOverlap
	}
	c, err = r.change(ctx, id, ifVersion, func(c *Client) error {
		if !c.HasSecret() {
			return ErrNoSecret
		}
		var rotated *Client
		rotated, secret = c.Rotate(c.UpdatedAt, overlap)
		*c = *rotated
		return c.SealSecret(secret, r.cfg.Sealer)
	})
	if err != nil {
		return "", nil, err
	}
	return secret, c, nil
}

// change loads the client, applies do to a copy, and writes it if nobody else has in between.
func (r *Registry) change(ctx context.Context, id string, ifVersion int64, do func(*Client) error) (*Client, error) {
	for i := 0; ; i++ {
		old, err := r.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		if ifVersion != 0 && old.Version != ifVersion {
			return nil, ErrConflict
		}
		c := *old
		c.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
		if err := do(&c); err != nil {
			return nil, err
		}
		err = r.cfg.Store.UpdateClient(ctx, &c)
		r.forget(id)
		switch {
		case err == nil:
			c.Version = old.Version + 1
			return &c, nil
		case errors.Is(err, ErrConflict) && ifVersion == 0 && i < attempts:
		default:
			return nil, fmt.Errorf("update client %s: %w", quote(id), err)
		}
	}
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
