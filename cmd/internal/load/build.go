package load

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Build builds the production binary into dir and returns its path. The working directory must be in the module.
func Build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "symbolon")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/symbolon-id/symbolon/cmd/symbolon")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build symbolon: %w\n%s", err, out)
	}
	return path, nil
}
