package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

func (p *program) config() *cobra.Command {
	check := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and list every mistake; silent when there is none",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := p.load(cmd)
			return err
		},
	}
	reference := &cobra.Command{
		Use:   "reference",
		Short: "Print a configuration file with every key, its meaning, its default and its variable",
		Args:  args(),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.stdout, config.Reference())
			return err
		},
	}
	return group("config", "Check the configuration, or explain it", check, reference)
}
