package adminapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// A cursor is base64url of a MAC and the id that the next page starts after. The MAC also covers the listing, its parameters and the caller, so
// that a cursor continues only what it came from.
const cursorMAC = 16 // bytes

func (a *API) newCursor(caller Caller, limit int, after string) string {
	return base64.RawURLEncoding.EncodeToString(append(a.cursorMAC(caller, limit, after), after...))
}

// openCursor returns the id in the cursor.
func (a *API) openCursor(caller Caller, limit int, cursor string) (after string, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMAC {
		return "", errCursor()
	}
	after = string(raw[cursorMAC:])
	// The text is compared, not what it decodes to: encoding/base64 passes over line breaks.
	if !hmac.Equal([]byte(cursor), []byte(a.newCursor(caller, limit, after))) {
		return "", errCursor()
	}
	return after, nil
}

func errCursor() error {
	return badRequest("The cursor after is not one of this listing: use next as it was received, with the same limit, or begin without after.")
}

func (a *API) cursorMAC(caller Caller, limit int, after string) []byte {
	h := hmac.New(sha256.New, a.cfg.CursorKey)
	for _, part := range []string{"clients", strconv.Itoa(limit), caller.ClientID, caller.AccountID, after} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:cursorMAC]
}
