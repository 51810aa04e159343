package provider

import (
	"context"
	"errors"
	"time"
)

// ErrDeviceCodeNotFound says that no device code has the hash. Callers may rely on errors.Is.
var ErrDeviceCodeNotFound = errors.New("provider: device code not found")

// DeviceCode is what a device asked for, until a person has decided and the device has fetched its tokens. Of both codes only hashes are kept.
type DeviceCode struct {
	ID         string // becomes the grant's
	DeviceHash []byte // SHA-256 of the device code
	UserHash   []byte // keyed hash of the user code, which is short enough to be tried out
	ClientID   string
	Scopes     []string
	Audience   []string
	// AuthorizationDetails becomes Grant.AuthorizationDetails.
	AuthorizationDetails string

	Address   string // IP address that the request came from; empty: unknown
	CreatedAt time.Time
	ExpiresAt time.Time
	Interval  time.Duration // the device waits for so long between two questions; for InsertDeviceCode only

	DecidedAt time.Time // zero: nobody has decided. What follows is there from then on
	Denied    bool
	AccountID string // who decided
	SessionID string
	AuthTime  time.Time
	AMR       []string
	ACR       string
}

// DeviceStore keeps device codes. storage implements it.
type DeviceStore interface {
	// InsertDeviceCode adds a code that nobody has decided.
	InsertDeviceCode(ctx context.Context, c DeviceCode) error
	// DeviceCode returns the code that the device has, or ErrDeviceCodeNotFound. Expired ones are found for a while.
	DeviceCode(ctx context.Context, deviceHash []byte) (DeviceCode, error)
	// DeviceCodeByUserCode returns the code that has one of the hashes, or ErrDeviceCodeNotFound. Expired ones are found for a while.
	DeviceCodeByUserCode(ctx context.Context, userHashes [][]byte) (DeviceCode, error)
	// DecideDeviceCode writes the decision in c, if nobody has decided and the code has not expired at c.DecidedAt. It says whether it did: one
	// conditional statement.
	DecideDeviceCode(ctx context.Context, c DeviceCode) (bool, error)
	// PollDeviceCode records that the device asked at that time, and says whether it had waited as long as it must. When it had not, it must
	// wait longer from then on, by step.
	PollDeviceCode(ctx context.Context, deviceHash []byte, at time.Time, step time.Duration) (bool, error)
}
