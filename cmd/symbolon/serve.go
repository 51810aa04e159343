package main

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
)

func (p *program) serve() *cobra.Command {
	var migrate bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server until SIGINT or SIGTERM; requests that are under way may finish. A second signal ends it at once.

An embedded database is made and migrated by itself. A PostgreSQL schema that is behind stops the start, unless --migrate is given.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			// After the first signal the next one has its usual effect.
			context.AfterFunc(ctx, stop)
			return app.Serve(ctx, cfg, app.ServeOptions{Migrate: migrate})
		},
	}
	cmd.Flags().BoolVar(&migrate, "migrate", false, "apply pending migrations to PostgreSQL first")
	return cmd
}
