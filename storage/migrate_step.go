package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// step is one migration file.
type step struct {
	version int64
	name    string
	sha256  string // hex
	sql     string
}

// readSteps reads the files NNNN_name.sql in order. Their numbers run from 1 without a gap.
func readSteps(files fs.FS) ([]step, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fault("list migrations", err)
	}
	form := regexp.MustCompile(`^([0-9]{4})_[a-z0-9_]+\.sql$`)
	steps := make([]step, len(names))
	for i, name := range names {
		m := form.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("migration %s: want a name like 0001_init.sql", name)
		}
		version, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || version != int64(i+1) {
			return nil, fmt.Errorf("migration %s: want number %d", name, i+1)
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fault("read migration", err)
		}
		sum := sha256.Sum256(b)
		steps[i] = step{version: version, name: name, sha256: hex.EncodeToString(sum[:]), sql: string(b)}
	}
	return steps, nil
}

// compareSteps says whether what was applied is a beginning of what this program knows, or one step beyond it that leaves the program working.
func compareSteps(steps []step, applied []appliedRow) error {
	for i, a := range applied {
		switch {
		case i == len(steps) && len(applied) == i+1 && overlaps(a.Name):
			return nil
		case i >= len(steps):
			return fmt.Errorf("%w: it is at %s, this program knows %d migrations; run a newer symbolon, or restore the backup from before the upgrade",
				ErrSchemaNewer, applied[len(applied)-1].Name, len(steps))
		case a.Version != steps[i].version || a.SHA256 != steps[i].sha256:
			return fmt.Errorf("%w: %s is not the file that was applied as %s; run the release that made the database, or restore the file",
				ErrSchemaAltered, steps[i].name, a.Name)
		}
	}
	return nil
}

// overlaps says whether the program before the step runs on the schema after it. The name promises it, since the older program has nothing else
// to go by: NNNN_expand_… only adds, NNNN_contract_… removes what that program uses no more. docs/decisions/0007-schema-overlap.md
func overlaps(name string) bool {
	_, rest, _ := strings.Cut(name, "_")
	return strings.HasPrefix(rest, "expand_") || strings.HasPrefix(rest, "contract_")
}
