package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

// The exit statuses.
const (
	statusOK     = 0
	statusFailed = 1
	statusUsage  = 2
)

// program is one run of the command.
type program struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer

	configFile string
	output     string
}

// usageError is a command line that makes no sense: status 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run executes the command line and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return statusOK
	}
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(p.stderr, "symbolon: %s; see %s --help\n", oneLine(err), cmd.CommandPath())
		return statusUsage
	}
	var mistakes *config.Error
	if errors.As(err, &mistakes) {
		// One mistake a line, each beginning with its place, as compilers write them.
		fmt.Fprintln(p.stderr, mistakes)
		return statusFailed
	}
	fmt.Fprintf(p.stderr, "symbolon: %s\n", oneLine(err))
	return statusFailed
}

// oneLine is the error's text in one line, whatever a library put into it.
func oneLine(err error) string {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	return printable(strings.Join(lines, "; "))
}

func (p *program) root() *cobra.Command {
	root := group("symbolon", "Sign in with Google, Facebook and others, as an OpenID provider of your own",
		p.serve(), p.migrate(), p.client(), p.user(), p.key(), p.config(), p.version())
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().StringVarP(&p.configFile, "config", "c", "symbolon.yaml", "configuration `FILE`; the default one may be absent")
	root.PersistentFlags().StringVarP(&p.output, "output", "o", "", "`FORMAT` of the output: json or table (default: json for one thing, table for a list)")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains([]string{"", "json", "table"}, p.output) {
			return usagef("-o must be json or table")
		}
		return nil
	}
	return root
}

// group is a command that has commands of its own and does nothing by itself.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s needs a command", cmd.CommandPath())
		}
		return usagef("%s has no command %q", cmd.CommandPath(), args[0])
	}}
	c.AddCommand(commands...)
	return c
}

// args wants exactly the named arguments.
func args(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s needs the argument %s", cmd.CommandPath(), names[len(args)])
		case len(args) > len(names):
			return usagef("%s has an argument too many: %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

// load reads the configuration. The default file may be absent, one that was asked for may not.
func (p *program) load(cmd *cobra.Command) (*config.Config, error) {
	return config.Load(p.configFile, cmd.Flags().Changed("config"), p.environ)
}

type opener func(context.Context, *config.Config) (*app.Stores, error)

// with opens the configured database, does the command's work and closes it again.
func (p *program) with(cmd *cobra.Command, open opener, do func(context.Context, *app.Stores) error) error {
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	stores, err := open(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	return errors.Join(do(cmd.Context(), stores), stores.Close())
}
