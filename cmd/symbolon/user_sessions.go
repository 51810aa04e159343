package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
)

// userSession is a browser that a user is signed in with. Times are RFC 3339.
type userSession struct {
	ID        string   `json:"sid"`
	Upstream  string   `json:"upstream"`
	AMR       []string `json:"amr,omitempty"`
	AuthTime  string   `json:"auth_time,omitempty"`
	CreatedAt string   `json:"created_at"`
	SeenAt    string   `json:"seen_at"`
	ExpiresAt string   `json:"expires_at"`
	UserAgent string   `json:"user_agent,omitempty"`
}

func (p *program) userSessions() *cobra.Command {
	var end, offline bool
	cmd := &cobra.Command{
		Use:   "sessions ID",
		Short: "List the browsers a user is signed in with, newest first",
		Args:  args("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if offline && !end {
				return usagef("--offline goes with --end")
			}
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				if err := p.showSessions(ctx, s, args[0], end); err != nil || !offline {
					return err
				}
				return s.DB.SignOut(ctx, args[0], time.Now())
			})
		},
	}
	cmd.Flags().BoolVar(&end, "end", false, "end them all and revoke what was granted in them, except access that outlives a session (offline_access); then list what was ended")
	cmd.Flags().BoolVar(&offline, "offline", false, "with --end: revoke that, too: no app keeps access to the user's data")
	return cmd
}

func (p *program) showSessions(ctx context.Context, s *app.Stores, id string, end bool) error {
	if _, err := s.DB.Account(ctx, id); err != nil {
		return userError(err, id)
	}
	sessions, err := s.DB.SessionsOf(ctx, id)
	if err != nil {
		return err
	}
	list := make([]userSession, len(sessions))
	rows := make([][]string, len(sessions))
	for i, one := range sessions {
		if end {
			if err := s.DB.EndSession(ctx, one.ID, time.Now()); err != nil {
				return err
			}
		}
		list[i] = userSession{
			ID: one.ID, Upstream: one.Upstream, AMR: one.AMR, AuthTime: timestamp(one.AuthTime), CreatedAt: timestamp(one.CreatedAt),
			SeenAt: timestamp(one.SeenAt), ExpiresAt: timestamp(one.ExpiresAt), UserAgent: one.UserAgent,
		}
		rows[i] = []string{one.ID, one.Upstream, day(one.CreatedAt), day(one.SeenAt), day(one.ExpiresAt), one.UserAgent}
	}
	return p.list(list, []string{"SID", "UPSTREAM", "CREATED", "SEEN", "EXPIRES", "BROWSER"}, rows)
}
