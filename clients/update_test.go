package clients

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// RFC 7396.
func TestUpdate(t *testing.T) {
	reg, _, cache := newRegistry()
	c, secret, err := reg.Create(t.Context(), webApp(), CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shared, _ := cache.Client(t.Context(), c.ID)
	before, _ := json.Marshal(shared.Metadata)
	got, err := reg.Update(t.Context(), c.ID, []byte(`{"client_name": "New", "client_name#ko": null, "client_name#ja": "アプリ", "scope": "openid", "contacts": ["a@b.example"], "skip_consent": true}`), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := c.Metadata
	want.ClientName, want.ClientNameLocalized, want.Scope, want.Contacts, want.SkipConsent = "New", map[string]string{"ja": "アプリ"}, "openid", []string{"a@b.example"}, true
	if d := cmp.Diff(want, got.Metadata); d != "" || got.Version != 2 {
		t.Error(got.Version, d)
	}
	if after, _ := json.Marshal(shared.Metadata); string(after) != string(before) {
		t.Error("the update wrote into a shared client")
	}
	stored, _ := cache.Client(t.Context(), c.ID)
	if d := cmp.Diff(want, stored.Metadata); d != "" || stored.Version != 2 || !verify(t, stored, secret) {
		t.Error("the cache is behind, or the secret is lost", d)
	}
	got, err = reg.Update(t.Context(), c.ID, []byte(`{"scope": null, "contacts": null, "skip_consent": null, "client_name": null, "client_name#ja": null}`), 0)
	if err != nil || got.Metadata.Scope != "openid profile email" || got.Metadata.Contacts != nil || got.Metadata.SkipConsent || got.Metadata.ClientNameLocalized != nil {
		t.Errorf("null takes back to the default: %+v, %v", got, err)
	}
	if got, err = reg.Update(t.Context(), c.ID, []byte(`{}`), 0); err != nil || got.Version != 4 {
		t.Errorf("empty patch: %+v, %v", got, err)
	}
	for patch, want := range map[string][]string{
		`{"redirect_uris": null}`:                   {"redirect_uris"},
		`{"redirect_uris": []}`:                     {"redirect_uris"},
		`{"client_id": "other"}`:                    {"client_id"},
		`{"version": 9, "client_secret": "mine"}`:   {"version", "client_secret"},
		`{"created_at": 1, "hash": null}`:           {"created_at", "hash"},
		`{"token_endpoint_auth_method": "x"}`:       {"token_endpoint_auth_method"},
		`{"disabled": "yes"}`:                       {"disabled"},
		`[]`:                                        {""},
		`[{"op":"remove","path":"/redirect_uris"}]`: {""},
	} {
		if _, err := reg.Update(t.Context(), c.ID, []byte(patch), 0); !cmp.Equal(problemsOf(t, err), want) {
			t.Errorf("%s: %v", patch, err)
		}
	}
	for _, id := range []string{"unknown", "", "\x00"} {
		if _, err := reg.Update(t.Context(), id, []byte(`{}`), 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestUpdateDisables(t *testing.T) {
	reg, _, cache := newRegistry()
	c, _, _ := reg.Create(t.Context(), webApp(), CreateOptions{})
	off, err := reg.Update(t.Context(), c.ID, []byte(`{"disabled": true}`), 0)
	if err != nil || off.DisabledAt.IsZero() {
		t.Fatal(off, err)
	}
	again, _ := reg.Update(t.Context(), c.ID, []byte(`{"disabled": true, "client_name": "x"}`), 0)
	if cached, _ := cache.Client(t.Context(), c.ID); cached.DisabledAt.IsZero() || !again.DisabledAt.Equal(off.DisabledAt) {
		t.Errorf("%+v", cached)
	}
	if on, err := reg.Update(t.Context(), c.ID, []byte(`{"disabled": false}`), 0); err != nil || !on.DisabledAt.IsZero() {
		t.Fatal(on, err)
	}
}

// CA-04, CA-07: turning a client public drops its secrets; turning it back gives it none by itself.
func TestUpdateOfTheAuthMethod(t *testing.T) {
	reg, _, _ := newRegistry()
	c, secret, _ := reg.Create(t.Context(), webApp(), CreateOptions{})
	public, err := reg.Update(t.Context(), c.ID, []byte(`{"token_endpoint_auth_method": "none"}`), 0)
	if err != nil || len(public.Secrets) != 0 {
		t.Fatal(public, err)
	}
	if _, _, err := reg.RotateSecret(t.Context(), c.ID, 0); !errors.Is(err, ErrNoSecret) {
		t.Error(err)
	}
	back, err := reg.Update(t.Context(), c.ID, []byte(`{"token_endpoint_auth_method": "client_secret_post"}`), 0)
	if err != nil || verify(t, back, secret) || verify(t, back, "") {
		t.Fatal(back, err)
	}
	fresh, rotated, err := reg.RotateSecret(t.Context(), c.ID, time.Hour)
	if err != nil || !verify(t, rotated, fresh) || len(rotated.Secrets) != 1 {
		t.Fatal(rotated, err)
	}
}

func TestVersionsGuardUpdates(t *testing.T) {
	reg, store, _ := newRegistry()
	c, _, _ := reg.Create(t.Context(), webApp(), CreateOptions{})
	if _, err := reg.Update(t.Context(), c.ID, []byte(`{}`), 2); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	other := func() { reg.Update(t.Context(), c.ID, []byte(`{"contacts": ["other@app.example"]}`), 0) }
	store.beforeUpdate = other
	if _, err := reg.Update(t.Context(), c.ID, []byte(`{"client_name": "Mine"}`), 1); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	store.beforeUpdate = other
	got, err := reg.Update(t.Context(), c.ID, []byte(`{"client_name": "Mine"}`), 0)
	if err != nil || got.Metadata.ClientName != "Mine" || len(got.Metadata.Contacts) != 1 {
		t.Errorf("neither change may be lost: %+v, %v", got, err)
	}
	store.beforeUpdate = other
	secret, rotated, err := reg.RotateSecret(t.Context(), c.ID, time.Hour)
	stored, _ := reg.Get(t.Context(), c.ID)
	if err != nil || !verify(t, stored, secret) || rotated.Version != stored.Version {
		t.Error(rotated, err)
	}
	if _, _, err := reg.RotateSecretIf(t.Context(), c.ID, 0, 1); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	for _, overlap := range []time.Duration{-1, MaxOverlap + 1} {
		if _, _, err := reg.RotateSecret(t.Context(), c.ID, overlap); !errors.Is(err, ErrOverlap) {
			t.Error(err)
		}
	}
}

func TestUpdatesInParallelLoseNothing(t *testing.T) {
	reg, _, _ := newRegistry()
	c, _, _ := reg.Create(t.Context(), webApp(), CreateOptions{})
	tags := []string{"de", "fr", "it", "es"}
	var wg sync.WaitGroup
	for _, tag := range tags {
		wg.Go(func() {
			if _, err := reg.Update(t.Context(), c.ID, []byte(`{"client_name#`+tag+`": "x"}`), 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, _ := reg.Get(t.Context(), c.ID); len(got.Metadata.ClientNameLocalized) != 5 {
		t.Errorf("%+v", got.Metadata.ClientNameLocalized)
	}
}
