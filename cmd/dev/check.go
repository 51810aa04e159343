package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// step is one part of check.
type step struct {
	name string
	run  func(ctx context.Context, r repository) error
}

// runCheck runs all that CI checks beside the plain tests and prints each step with its outcome and its time. It does not stop at the first
// failure: a person wants to mend all of them.
func runCheck(ctx context.Context, r repository, args []string) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(r.out)
	short := flags.Bool("short", false, "leave out what runs tests: the golden files")
	race := flags.Bool("race", false, "run the tests under the race detector, in random order")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return errUsage
	}
	start := time.Now()
	failed := runSteps(ctx, r, checkSteps(*short, *race))
	fmt.Fprintf(r.out, "check: %s\n", time.Since(start).Round(10*time.Millisecond))
	if len(failed) > 0 {
		return fmt.Errorf("check failed: %v", failed)
	}
	return nil
}

// checkSteps returns the steps: those that take long first, so that they run beside the others.
func checkSteps(short, race bool) []step {
	steps := []step{
		{"staticcheck", func(ctx context.Context, r repository) error { return r.tool(ctx, "staticcheck", "./...") }},
		{"vet", func(ctx context.Context, r repository) error { return r.command(ctx, "go", "vet", "./...") }},
		{"format", checkFormat},
		{"imports", ruleStep(checkImports)},
		{"citations", ruleStep(checkCitations)},
		{"dependencies", ruleStep(checkDependencies)},
		{"size", ruleStep(checkSize)},
	}
	if !short {
		steps = append(steps, step{"golden", func(ctx context.Context, r repository) error { return runGolden(ctx, r, []string{"-check"}) }})
	}
	if race {
		steps = append(steps, step{"race", func(ctx context.Context, r repository) error {
			return r.command(ctx, "go", "test", "-race", "-shuffle=on", "./...")
		}})
	}
	return steps
}

func ruleStep(check rule) func(context.Context, repository) error {
	return func(ctx context.Context, r repository) error { return ruleTask(check)(ctx, r, nil) }
}

// checkFormat fails where gofumpt, which is stricter than gofmt, would change a file.
func checkFormat(ctx context.Context, r repository) error {
	return r.quiet(ctx, "go", "tool", "-modfile=.tools/go.mod", "gofumpt", "-l", "cmd", "provider", "login-ui", "clients", "storage", "migrations")
}

// runSteps runs the steps, as many at once as there are processors, and returns the names of those that failed. Each prints its output whole.
func runSteps(ctx context.Context, r repository, steps []step) (failed []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	for _, s := range steps {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			var out bytes.Buffer
			start := time.Now()
			err := s.run(ctx, repository{root: r.root, out: &out})
			mu.Lock()
			defer mu.Unlock()
			outcome := "ok"
			if err != nil {
				outcome = "FAILED"
				failed = append(failed, s.name)
			}
			fmt.Fprintf(r.out, "%-13s %-6s %7s\n", s.name, outcome, time.Since(start).Round(10*time.Millisecond))
			fmt.Fprint(r.out, out.String())
			if err != nil && !errors.Is(err, errFound) {
				fmt.Fprintln(r.out, err)
			}
		})
	}
	wg.Wait()
	return failed
}
