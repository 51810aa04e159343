package clients

import (
	"encoding/json"
	"time"
)

// Registration is the client information response of RFC 7591 §3.2.1: the metadata and what the server added. It has no hash, and the secret
// only where it was just made.
type Registration struct {
	Client *Client
	Secret string // "" leaves it out
	// AccessToken and ClientURI are what a client that registered itself manages its registration with (RFC 7592 §3). Where ClientURI is set, the
	// answer is for that client, and leaves out what is only for administrators.
	AccessToken string
	ClientURI   string
}

// Response returns what to answer about c. secret is "" but right after it was made.
func Response(c *Client, secret string) Registration { return Registration{Client: c, Secret: secret} }

// MarshalJSON writes the members of RFC 7591 §3.2.1, then our own ("client_secrets" without their hashes, "version", "disabled_at", "self_registered"), then the
// metadata. Times are seconds since 1970.
func (r Registration) MarshalJSON() ([]byte, error) {
	type secret struct {
		ID        string `json:"id"`
		CreatedAt int64  `json:"created_at"`
		ExpiresAt int64  `json:"expires_at"` // 0: until it is rotated away
	}
	head := struct {
		ClientID              string   `json:"client_id"`
		ClientSecret          string   `json:"client_secret,omitempty"`
		ClientIDIssuedAt      int64    `json:"client_id_issued_at"`
		ClientSecretExpiresAt *int64   `json:"client_secret_expires_at,omitempty"`
		ClientSecrets         []secret `json:"client_secrets,omitempty"`
		Version               int64    `json:"version,omitempty"`
		DisabledAt            int64    `json:"disabled_at,omitempty"`
		SelfRegistered        bool     `json:"self_registered,omitempty"`
		AccessToken           string   `json:"registration_access_token,omitempty"`
		ClientURI             string   `json:"registration_client_uri,omitempty"`
	}{
		ClientID: r.Client.ID, ClientSecret: r.Secret, ClientIDIssuedAt: unix(r.Client.CreatedAt),
		AccessToken: r.AccessToken, ClientURI: r.ClientURI,
	}
	if r.Secret != "" {
		head.ClientSecretExpiresAt = new(int64) // a new secret is valid until it is rotated away
	}
	if r.ClientURI == "" {
		head.Version, head.DisabledAt, head.SelfRegistered = r.Client.Version, unix(r.Client.DisabledAt), r.Client.SelfRegistered
		for _, s := range r.Client.Secrets {
			head.ClientSecrets = append(head.ClientSecrets, secret{s.ID, unix(s.CreatedAt), unix(s.ExpiresAt)})
		}
	}
	first, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(r.Client.Metadata)
	return joinObjects(first, rest), err
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
