package main

import (
	"context"
	"fmt"
)

// runVuln asks the Go vulnerability database about the code that is really called. It is no part of check: the answer changes by itself, and
// where the database cannot be reached nothing is known, which is a failure and not a clean result.
func runVuln(ctx context.Context, r repository, args []string) error {
	if len(args) > 0 {
		fmt.Fprintf(r.out, "unexpected argument %q\n", args[0])
		return errUsage
	}
	if err := r.tool(ctx, "govulncheck", "./..."); err != nil {
		return fmt.Errorf("vulnerabilities were found, or nothing was checked because the database could not be reached (see above): %w", err)
	}
	return nil
}
