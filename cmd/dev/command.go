package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// command runs a program at the root of the repository and sends what it prints to r.out.
func (r repository) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.root, r.out, r.out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", shown(name, args), err)
	}
	return nil
}

// tool runs a tool that .tools/go.mod pins.
func (r repository) tool(ctx context.Context, args ...string) error {
	return r.command(ctx, "go", append([]string{"tool", "-modfile=.tools/go.mod"}, args...)...)
}

// quiet runs a command that must print nothing: a formatter prints the names of the files it would change.
func (r repository) quiet(ctx context.Context, name string, args ...string) error {
	var out bytes.Buffer
	silent := repository{root: r.root, out: &out}
	err := silent.command(ctx, name, args...)
	if out.Len() > 0 {
		fmt.Fprint(r.out, out.String())
		if err == nil {
			err = fmt.Errorf("%s: %w", shown(name, args), errFound)
		}
	}
	return err
}

// shown returns a command as a person would type it, without the file names of a long list.
func shown(name string, args []string) string {
	const most = 6
	if len(args) > most {
		return name + " " + strings.Join(args[:most], " ") + " …"
	}
	return strings.TrimSpace(name + " " + strings.Join(args, " "))
}
