package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
)

// migration is a step of the schema as the commands print it.
type migration struct {
	Version   int64  `json:"version"`
	Name      string `json:"name"`
	AppliedAt string `json:"applied_at,omitempty"` // RFC 3339; absent: pending
}

func (p *program) migrate() *cobra.Command {
	up := &cobra.Command{
		Use:   "up",
		Short: "Apply the pending migrations; an embedded database that does not exist yet is made",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			done, err := app.Migrate(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return p.migrations(done)
		},
	}
	status := &cobra.Command{
		Use:   "status",
		Short: "List the migrations, applied and pending",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			all, err := app.MigrationStatus(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return p.migrations(all)
		},
	}
	return group("migrate", "Bring the database schema up to this program", up, status)
}

func (p *program) migrations(all []app.Migration) error {
	list := make([]migration, len(all))
	rows := make([][]string, len(all))
	for i, m := range all {
		list[i] = migration{Version: m.Version, Name: m.Name, AppliedAt: timestamp(m.AppliedAt)}
		applied := "pending"
		if !m.AppliedAt.IsZero() {
			applied = day(m.AppliedAt)
		}
		rows[i] = []string{fmt.Sprint(m.Version), m.Name, applied}
	}
	return p.list(list, []string{"VERSION", "NAME", "APPLIED"}, rows)
}
