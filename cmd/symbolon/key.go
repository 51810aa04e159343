package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/keys"
)

// signingKey is a signing key as the commands print it. Times are RFC 3339.
type signingKey struct {
	ID         string     `json:"id"` // the "kid" of tokens
	Algorithm  string     `json:"algorithm"`
	State      keys.State `json:"state"`
	Generation int64      `json:"generation"`
	CreatedAt  string     `json:"created_at"`
	ActiveAt   string     `json:"active_at"`
	RetiredAt  string     `json:"retired_at,omitempty"`
	ExpiresAt  string     `json:"expires_at,omitempty"`
}

func (p *program) key() *cobra.Command {
	return group("key", "Look after the signing keys", p.keyList(), p.keyRotate(), p.keyRetire())
}

func (p *program) keyList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the signing keys: next (published), active (signs) and retired (verifies)",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				return p.showKeys(ctx, s)
			})
		},
	}
}

func (p *program) showKeys(ctx context.Context, s *app.Stores) error {
	records, err := s.DB.Keys(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(records, func(a, b keys.Record) int {
		return strings.Compare(a.Algorithm+fmt.Sprintf("%020d", a.Generation), b.Algorithm+fmt.Sprintf("%020d", b.Generation))
	})
	now, all, rows := time.Now(), []signingKey{}, [][]string{}
	for _, r := range records {
		k := signingKey{
			ID: r.ID, Algorithm: r.Algorithm, State: r.State(now), Generation: r.Generation, CreatedAt: timestamp(r.CreatedAt),
			ActiveAt: timestamp(r.ActiveAt), RetiredAt: timestamp(r.RetiredAt), ExpiresAt: timestamp(r.ExpiresAt),
		}
		all = append(all, k)
		rows = append(rows, []string{k.ID, k.Algorithm, string(k.State), strconv.FormatInt(k.Generation, 10), k.ActiveAt, k.RetiredAt, k.ExpiresAt})
	}
	return p.list(all, []string{"ID", "ALGORITHM", "STATE", "GENERATION", "ACTIVE", "RETIRED", "GONE"}, rows)
}

func (p *program) keyRotate() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate [ALGORITHM]",
		Short: "Replace the signing key in good order: its successor is published now and signs an hour later",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			algorithms := provider.Algorithms()
			if len(args) == 1 {
				if !slices.Contains(algorithms, jose.SignatureAlgorithm(args[0])) {
					return usagef("the algorithm must be one of %v", algorithms)
				}
				algorithms = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(args[0])}
			}
			return p.withKeys(cmd, func(ctx context.Context, ring *keys.Ring) error {
				for _, alg := range algorithms {
					if err := ring.Rotate(ctx, alg); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func (p *program) keyRetire() *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use:   "retire ID --now",
		Short: "Withdraw a key that somebody else may have: every token it signed dies as soon as partners read the key set again",
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !now {
				return usagef("retire withdraws the key at once and with it every token it signed: say --now if you mean it, or use symbolon key rotate")
			}
			return p.withKeys(cmd, func(ctx context.Context, ring *keys.Ring) error {
				err := ring.Withdraw(ctx, args[0])
				if errors.Is(err, keys.ErrUnknownKey) {
					return fmt.Errorf("there is no key %s: symbolon key list shows them", args[0])
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "yes, at once")
	return cmd
}

// withKeys is with, for commands that change keys, and prints them all.
func (p *program) withKeys(cmd *cobra.Command, do func(context.Context, *keys.Ring) error) error {
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
		ring, err := app.OpenKeys(ctx, cfg, s)
		if err != nil {
			return err
		}
		if err := do(ctx, ring); err != nil {
			return err
		}
		return p.showKeys(ctx, s)
	})
}
