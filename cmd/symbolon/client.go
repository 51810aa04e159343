package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
)

func (p *program) client() *cobra.Command {
	return group("client", "Register partner apps and look after them",
		p.clientCreate(), p.clientGet(), p.clientList(), p.clientUpdate(), p.clientDelete(), p.clientRotateSecret(),
		p.logoutFailures(), p.registrationToken())
}

func (p *program) clientCreate() *cobra.Command {
	id := memberFlag{"client-id", "client_id", "", "an `ID` of your choice; random without it"}
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Register a client and print it, with its secret, which is shown only now",
		Long: `Register a client from a document of RFC 7591 (-f), from flags named after its members, or both; flags go before the document.
An embedded database that does not exist yet is made.`,
		Example: `  symbolon client create --client-name "Sunny Books" --redirect-uri https://books.example/callback
  symbolon client create -f client.json`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			doc, given, err := p.document(cmd, id)
			if err != nil {
				return err
			}
			if !given {
				return usagef("say what to register: -f FILE, or flags such as --client-name and --redirect-uri")
			}
			// Looked at before a database is made for it.
			meta, opts, err := clients.DecodeRegistration(doc)
			if err == nil {
				err = clients.CheckCreate(&meta, opts, clients.Rules{Administrator: true, LoopbackURLs: true, LegacyResponseTypes: true, AuthorizationDetailsTypes: meta.AuthorizationDetailsTypes})
			}
			if err != nil {
				return err
			}
			if len(opts.Ignored) > 0 {
				fmt.Fprintf(p.stderr, "symbolon: left out, because it is not known here: %s\n", strings.Join(opts.Ignored, ", "))
			}
			return p.with(cmd, app.OpenOrCreate, func(ctx context.Context, s *app.Stores) error {
				c, secret, err := s.Clients.Create(ctx, meta, opts)
				if errors.Is(err, clients.ErrExists) {
					return fmt.Errorf("the client id %q is taken, or was once: choose another", opts.ID)
				}
				if err != nil {
					return err
				}
				return p.one(clients.Response(c, secret))
			})
		},
	}
	addMemberFlags(cmd, id)
	return cmd
}

func (p *program) clientGet() *cobra.Command {
	return &cobra.Command{
		Use:   "get ID",
		Short: "Print a client",
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				c, err := s.Clients.Get(ctx, args[0])
				if err != nil {
					return clientError(err, args[0])
				}
				return p.one(clients.Response(c, ""))
			})
		},
	}
}

func (p *program) clientList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all clients",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				all := []clients.Registration{}
				var rows [][]string
				for after := ""; ; {
					page, err := s.Clients.List(ctx, clients.ClientFilter{After: after, Limit: 200})
					if err != nil {
						return err
					}
					if len(page) == 0 {
						return p.list(all, []string{"CLIENT ID", "NAME", "AUTH METHOD", "GRANT TYPES", "CREATED", "STATE"}, rows)
					}
					for _, c := range page {
						all, rows = append(all, clients.Response(c, "")), append(rows, clientRow(c))
						after = c.ID
					}
				}
			})
		},
	}
}

func clientRow(c *clients.Client) []string {
	state := "active"
	if !c.DisabledAt.IsZero() {
		state = "disabled"
	}
	m := c.Metadata
	return []string{c.ID, m.ClientName, m.TokenEndpointAuthMethod, strings.Join(m.GrantTypes, " "), day(c.CreatedAt), state}
}

func (p *program) clientUpdate() *cobra.Command {
	disabled := memberFlag{"disabled", "disabled", false, "switch the client off; =false switches it on again"}
	cmd := &cobra.Command{
		Use:   "update ID",
		Short: "Change a client's metadata and print it",
		Long: `Change a client's metadata by a JSON merge patch of RFC 7396 (-f), by flags, or both; flags go before the patch. What is not named stays.
A flag for a list replaces the list; an empty text takes the member back to its default.`,
		Args: args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			patch, given, err := p.document(cmd, disabled)
			if err != nil {
				return err
			}
			if !given {
				return usagef("say what to change: -f FILE, or flags such as --client-name")
			}
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				c, err := s.Clients.Update(ctx, args[0], patch, 0)
				if err != nil {
					return clientError(err, args[0])
				}
				return p.one(clients.Response(c, ""))
			})
		},
	}
	addMemberFlags(cmd, disabled)
	return cmd
}

func (p *program) clientDelete() *cobra.Command {
	return &cobra.Command{
		Use:   "delete ID",
		Short: "Delete a client and revoke all its grants; its id is never given again",
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				if err := s.Clients.Delete(ctx, args[0]); err != nil {
					return clientError(err, args[0])
				}
				return p.showDeleted(ctx, s, args[0])
			})
		},
	}
}

func (p *program) clientRotateSecret() *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use:   "rotate-secret ID",
		Short: "Give a client a new secret and print it; the one before stays valid for a while",
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if overlap < 0 || overlap > clients.MaxOverlap {
				return usagef("--overlap must be from 0s to %dh", int(clients.MaxOverlap.Hours()))
			}
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				secret, c, err := s.Clients.RotateSecret(ctx, args[0], overlap)
				if err != nil {
					return clientError(err, args[0])
				}
				return p.one(clients.Response(c, secret))
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the secret before stays valid; 0s ends it at once")
	return cmd
}

// clientError says what to do about a client that is not there.
func clientError(err error, id string) error {
	if errors.Is(err, clients.ErrNotFound) {
		return fmt.Errorf("there is no client %q: symbolon client list shows all", id)
	}
	return err
}
