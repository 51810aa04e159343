package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
)

// user is an account as the commands print it. Times are RFC 3339.
type user struct {
	ID            string     `json:"id"`
	Name          string     `json:"name,omitempty"`
	Email         string     `json:"email,omitempty"`
	EmailVerified bool       `json:"email_verified"`
	Locale        string     `json:"locale,omitempty"`
	Roles         []string   `json:"roles,omitempty"`
	CreatedAt     string     `json:"created_at"`
	UpdatedAt     string     `json:"updated_at"`
	BlockedAt     string     `json:"blocked_at,omitempty"`
	Identities    []identity `json:"identities,omitempty"` // only of a single user
}

type identity struct {
	Upstream   string `json:"upstream"`
	Issuer     string `json:"issuer"`
	Subject    string `json:"subject"`
	Email      string `json:"email,omitempty"`
	LinkedAt   string `json:"linked_at"`
	LastUsedAt string `json:"last_used_at,omitempty"`
}

func (p *program) user() *cobra.Command {
	return group("user", "Look after the people who sign in",
		p.userList(), p.userGet(),
		p.userChange("block ID", "Block a user: end all sessions, revoke all grants, refuse the next sign-in", block, p.showUser),
		p.userChange("unblock ID", "Let a blocked user sign in again", unblock, p.showUser),
		p.userChange("delete ID", "Delete a user with all that is known of them; the id is never given again", deleteUser, p.showDeleted),
		p.userGrantRole(), p.userSessions())
}

func (p *program) userList() *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List users",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := account.Filter{Limit: 200}
			if email != "" {
				var err error
				if f.Email, err = account.NormalizeEmail(email); err != nil {
					return usagef("--email must be an e-mail address")
				}
			}
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				all := []user{}
				var rows [][]string
				for {
					page, err := s.DB.Accounts(ctx, f)
					if err != nil {
						return err
					}
					if len(page) == 0 {
						return p.list(all, []string{"ID", "NAME", "EMAIL", "ROLES", "CREATED", "BLOCKED"}, rows)
					}
					for _, a := range page {
						all = append(all, newUser(a))
						rows = append(rows, []string{a.ID, a.Name, a.Email, strings.Join(a.Roles, " "), day(a.CreatedAt), day(a.BlockedAt)})
						f.After = a.ID
					}
				}
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "only users with this e-mail `ADDRESS`")
	return cmd
}

func (p *program) userGet() *cobra.Command {
	return &cobra.Command{
		Use:   "get ID",
		Short: "Print a user and the logins linked to them",
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error { return p.showUser(ctx, s, args[0]) })
		},
	}
}

func (p *program) showUser(ctx context.Context, s *app.Stores, id string) error {
	a, err := s.DB.Account(ctx, id)
	if err != nil {
		return userError(err, id)
	}
	identities, err := s.DB.Identities(ctx, id)
	if err != nil {
		return userError(err, id)
	}
	u := newUser(a)
	for _, i := range identities {
		u.Identities = append(u.Identities, identity{
			Upstream: i.Connector, Issuer: i.Issuer, Subject: i.Subject, Email: i.Email,
			LinkedAt: timestamp(i.LinkedAt), LastUsedAt: timestamp(i.LastUsedAt),
		})
	}
	return p.one(u)
}

// userChange is a command that changes one user and prints what has become of them.
func (p *program) userChange(use, short string, change, show func(ctx context.Context, s *app.Stores, id string) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				if err := change(ctx, s, args[0]); err != nil {
					return userError(err, args[0])
				}
				return show(ctx, s, args[0])
			})
		},
	}
}

func (p *program) showDeleted(_ context.Context, _ *app.Stores, id string) error {
	return p.one(deleted{id, true})
}

func block(ctx context.Context, s *app.Stores, id string) error {
	return s.DB.Block(ctx, id, time.Now())
}

func unblock(ctx context.Context, s *app.Stores, id string) error { return s.DB.Unblock(ctx, id) }

func deleteUser(ctx context.Context, s *app.Stores, id string) error { return s.DB.Delete(ctx, id) }

func (p *program) userGrantRole() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "grant-role ID ROLE",
		Short: "Give a user a role, or take it away with --remove, and print the user",
		Args:  args("ID", "ROLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, role := args[0], args[1]
			if !isRole(role) {
				return usagef("a role has 1 to 64 of the characters a-z, 0-9, -, _, . and :")
			}
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				a, err := s.DB.Account(ctx, id)
				if err != nil {
					return userError(err, id)
				}
				roles := slices.DeleteFunc(a.Roles, func(r string) bool { return r == role })
				if !remove {
					roles = append(roles, role)
				}
				slices.Sort(roles)
				if role != provider.RoleAdmin && !remove {
					fmt.Fprintf(p.stderr, "symbolon: the server itself knows the role %s only: %s is kept, and gives no rights here\n", provider.RoleAdmin, role)
				}
				if err := s.DB.SetRoles(ctx, id, roles); err != nil {
					return userError(err, id)
				}
				return p.showUser(ctx, s, id)
			})
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take the role away")
	return cmd
}

func isRole(s string) bool {
	return len(s) > 0 && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r)
	})
}

func newUser(a account.Account) user {
	return user{
		ID: a.ID, Name: a.Name, Email: a.Email, EmailVerified: a.EmailVerified, Locale: a.Locale, Roles: a.Roles,
		CreatedAt: timestamp(a.CreatedAt), UpdatedAt: timestamp(a.UpdatedAt), BlockedAt: timestamp(a.BlockedAt),
	}
}

// deleted is what is left of something.
type deleted struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}

// userError says what to do about a user who is not there.
func userError(err error, id string) error {
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("there is no user %q: symbolon user list shows all", id)
	}
	return err
}
