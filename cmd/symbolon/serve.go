package main

import (
	"context"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
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
			collectLess(p.environ)
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

// collectLess lets the heap grow to five times what is alive before it is collected, unless the operator has set GOGC. What is alive is some ten
// MiB: with Go's default, collecting takes a tenth of the CPU and saves a dozen MiB (docs/performance.md).
func collectLess(environ []string) {
	if !slices.ContainsFunc(environ, func(v string) bool { return strings.HasPrefix(v, "GOGC=") }) {
		debug.SetGCPercent(400)
	}
}
