package loginui

import (
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

// What the pages are wired to in the running program.
var (
	_ Interactions = (*provider.Provider)(nil)
	_ Logouts      = (*provider.Provider)(nil)
	_ Sessions     = (*session.Sessions)(nil)
	_ Upstreams    = (*upstream.Flow)(nil)
)

// Every mistake is named at once.
func TestNewRefuses(t *testing.T) {
	w := newWorld(t, Brand{})
	good := w.ui.Config
	for _, c := range []struct {
		name   string
		change func(*Config)
		says   []string
	}{
		{"no issuer", func(c *Config) { c.Issuer = "id.example.com" }, []string{"issuer"}},
		{"brand", func(c *Config) { c.Brand = Brand{Accent: "blue", Support: "javascript:alert(1)", Logo: []byte("text")} }, []string{"brand.support"}},
		{"accent", func(c *Config) { c.Brand = Brand{Accent: "blue"} }, []string{"brand.accent"}},
		{"logo that is no image", func(c *Config) { c.Brand = Brand{Logo: []byte("text")} }, []string{"brand.logo"}},
		{"logo too large", func(c *Config) { c.Brand = Brand{Logo: append(make5k(), make5k()...)} }, []string{"8192"}},
		{"parts and issuer", func(c *Config) { c.Sessions, c.Issuer = nil, "" }, []string{"issuer", "Sessions"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.change(&config)
			_, err := New(config)
			for _, text := range c.says {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("error %v, want %q in it", err, text)
				}
			}
		})
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		info upstream.Info
		want string
	}{
		{upstream.Info{ID: "corp", Label: "Acme\u202e"}, "Acme"},
		{upstream.Info{ID: "corp"}, "corp"},
	} {
		if got := label(c.info); got != c.want {
			t.Errorf("label %q, want %q", got, c.want)
		}
	}
}
