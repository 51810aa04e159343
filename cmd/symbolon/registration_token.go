package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/clients/registration"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
)

// initialToken is an initial access token as the commands print it. Times are RFC 3339.
type initialToken struct {
	ID        string `json:"id"`
	Token     string `json:"token,omitempty"` // only when it was just made
	Note      string `json:"note,omitempty"`
	UsesLeft  int64  `json:"uses_left"`
	CreatedAt string `json:"created_at"`
	ExpiresAt string `json:"expires_at,omitempty"`
}

func shownToken(t clients.InitialAccessToken, token string) initialToken {
	return initialToken{ID: t.ID, Token: token, Note: t.Note, UsesLeft: t.UsesLeft, CreatedAt: timestamp(t.CreatedAt), ExpiresAt: timestamp(t.ExpiresAt)}
}

func (p *program) registrationToken() *cobra.Command {
	return group("registration-token", "Make and revoke the tokens that let partners register clients by themselves",
		p.registrationTokenCreate(), p.registrationTokenList(), p.registrationTokenRevoke())
}

func (p *program) registrationTokenCreate() *cobra.Command {
	var note string
	var uses int
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it; it is shown only now",
		Long: `Make an initial access token of RFC 7591: whoever has it registers clients at /oauth2/register when registration.mode is token. It is kept
as a hash only.`,
		Example: `  symbolon client registration-token create --note "Sunny Books" --uses 3 --lifetime 72h`,
		Args:    args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case uses < 1 || uses > 1_000_000:
				return usagef("--uses must be from 1 to 1000000")
			case lifetime < 0:
				return usagef("--lifetime must not be negative")
			case len(note) > 200:
				return usagef("--note must have at most 200 bytes")
			}
			return p.with(cmd, app.OpenOrCreate, func(ctx context.Context, s *app.Stores) error {
				token, t, err := registration.NewInitialAccessToken(ctx, s.DB, note, uses, lifetime)
				if err != nil {
					return err
				}
				return p.one(shownToken(t, token))
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "who it is for")
	cmd.Flags().IntVar(&uses, "uses", 1, "how many clients it registers")
	cmd.Flags().DurationVar(&lifetime, "lifetime", 7*24*time.Hour, "how long it is good for; 0s without an end")
	return cmd
}

func (p *program) registrationTokenList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the tokens, without themselves",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				tokens, err := s.DB.InitialAccessTokens(ctx)
				if err != nil {
					return err
				}
				all, rows := []initialToken{}, [][]string{}
				for _, t := range tokens {
					shown := shownToken(t, "")
					all = append(all, shown)
					rows = append(rows, []string{t.ID, t.Note, strconv.FormatInt(t.UsesLeft, 10), shown.CreatedAt, shown.ExpiresAt})
				}
				return p.list(all, []string{"ID", "NOTE", "USES LEFT", "CREATED", "EXPIRES"}, rows)
			})
		},
	}
}

func (p *program) registrationTokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token; the clients that were registered with it stay",
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				err := s.DB.DeleteInitialAccessToken(ctx, args[0])
				if errors.Is(err, clients.ErrNotFound) {
					return fmt.Errorf("there is no token %q: symbolon client registration-token list shows all", args[0])
				}
				return err
			})
		},
	}
}
