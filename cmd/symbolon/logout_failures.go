package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
)

// logoutFailure is a log-out notice that was given up, as the command prints it. Times are RFC 3339.
type logoutFailure struct {
	ClientID  string `json:"client_id"`
	AccountID string `json:"account_id"`
	SessionID string `json:"session_id,omitempty"`
	CreatedAt string `json:"created_at"`
	GivenUpAt string `json:"given_up_at"`
	Attempts  int    `json:"attempts"`
	Reason    string `json:"reason"`
}

func (p *program) logoutFailures() *cobra.Command {
	return &cobra.Command{
		Use:   "logout-failures",
		Short: "List the log-outs that could not be told to their clients, newest first (200 at the most)",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, app.Open, func(ctx context.Context, s *app.Stores) error {
				notices, err := s.DB.DeadLogoutNotices(ctx, 200)
				if err != nil {
					return err
				}
				all, rows := []logoutFailure{}, [][]string{}
				for _, n := range notices {
					f := logoutFailure{n.ClientID, n.AccountID, n.SessionID, timestamp(n.CreatedAt), timestamp(n.DeadAt), n.Attempts, n.LastError}
					all = append(all, f)
					rows = append(rows, []string{f.ClientID, f.AccountID, f.GivenUpAt, strconv.Itoa(f.Attempts), f.Reason})
				}
				return p.list(all, []string{"CLIENT", "USER", "GIVEN UP", "ATTEMPTS", "REASON"}, rows)
			})
		},
	}
}
