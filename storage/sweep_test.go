package storage_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// sweepBatch is what a server sweeps at a time.
const sweepBatch = 500

// FT-20: with many expired rows the sweep goes on in bounded statements, and four writers and four readers beside it hardly notice.
// SYMBOLON_TEST_HEAVY=1 makes it a million rows. The private PostgreSQL neither syncs nor vacuums: deleted rows stay in its way.
func TestSweepUnderLoad(t *testing.T) {
	rows := 20_000
	switch {
	case os.Getenv("SYMBOLON_TEST_HEAVY") != "":
		rows = 1_000_000
	case testing.Short():
		rows = 4_000
	}
	storagetest.Each(t, func(t *testing.T, url string) { sweepUnderLoad(t, url, rows) })
}

func sweepUnderLoad(t *testing.T, url string, rows int) {
	type sweeping struct{}
	db, command := open(t, url), open(t, url) // another process beside the server: on SQLite it waits in another way
	var longest time.Duration
	statements := 0
	db.OnStatement(sweeping{}, func(took time.Duration) { longest, statements = max(longest, took), statements+1 })
	expiredRows(t, db, url, rows/2)
	quiet := startLoad(t, db, command)
	time.Sleep(time.Second)
	quiet.stop()

	busy, begin := startLoad(t, db, command), time.Now()
	n, err := db.Sweep(context.WithValue(t.Context(), sweeping{}, true), begin, sweepBatch)
	took := time.Since(begin)
	busy.stop()
	if err != nil || n != rows {
		t.Errorf("swept %d, %v; want %d", n, err, rows)
	}
	t.Logf("%d rows in %v by %d statements, the longest %v", n, took.Round(time.Millisecond), statements, longest.Round(10*time.Microsecond))
	for _, who := range []string{"writers", "command", "readers"} {
		t.Logf("%s: p99 %v without the sweep, %v with it, max %v, %d operations", who, quiet.percent(who, 99), busy.percent(who, 99),
			busy.percent(who, 100), len(busy.took[who]))
		if len(busy.took[who]) == 0 {
			t.Errorf("%s had no turn beside the sweep", who)
		}
	}
	if statements < rows/sweepBatch || longest > 2*time.Second {
		t.Errorf("%d statements, the longest %v: want bounded batches", statements, longest)
	}
	if left := db.Query(t, "SELECT count(*) FROM grants WHERE id LIKE 'expired%'"); left[0] != "0" {
		t.Errorf("%v expired grants are left", left)
	}
	if kept := db.Query(t, "SELECT count(*) FROM grants"); kept[0] != fmt.Sprint(quiet.made+busy.made) {
		t.Errorf("%v grants, want the %d that are alive", kept, quiet.made+busy.made)
	}
}

// expiredRows makes n expired ids of assertions, and n grants that ended in the days before.
func expiredRows(t *testing.T, db *storage.DB, url string, n int) {
	t.Helper()
	end := time.Now().Add(-2 * time.Hour).UnixMilli()
	numbers := fmt.Sprintf("(SELECT i FROM generate_series(1::bigint, %d) i) n", n)
	key, no := "sha256(i::text::bytea)", "false"
	if strings.HasPrefix(url, "sqlite:") {
		numbers = fmt.Sprintf("(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %d) SELECT i FROM s) n", n)
		key, no = "randomblob(32)", "0"
	}
	db.Exec(t, fmt.Sprintf("INSERT INTO assertion_ids (key, expires_at) SELECT %s, %d - i FROM %s", key, end, numbers))
	db.Exec(t, fmt.Sprintf(`INSERT INTO grants (id, generation, created_at, expires_at, offline, needs_consent, client_id, account_id, session_id,
		acr, amr, scopes, audience, status_list, status_bit)
		SELECT 'expired' || (i * 7919 %% %d) || '/' || i, 0, %d - i * 100, %d - i * 100, %s, %s, 'client', 'account' || (i %% 5000), 'session' || i,
		'', '["pwd"]', '["openid","profile","email"]', '[]', 1, i FROM %s`, n, end-86400_000, end, no, no, numbers))
}

// load is how long the operations took of four writers and four readers of the server, and of a command that writes.
type load struct {
	t    *testing.T
	done atomic.Bool
	wg   sync.WaitGroup
	mu   sync.Mutex
	took map[string][]time.Duration
	made int // grants
}

func startLoad(t *testing.T, db, command *storage.DB) *load {
	// Some two hundred writes a second: a disk that is busy without a pause lets no other process in, with or without a sweep.
	const pace = 20 * time.Millisecond
	l := &load{t: t, took: map[string][]time.Duration{}}
	for range 4 {
		l.repeat("writers", pace, func(n int) error { return l.write(db, n) })
		l.repeat("readers", time.Millisecond, func(int) error {
			_, err := db.Standing(t.Context(), "account1", "session1", "client")
			return err
		})
	}
	l.repeat("command", pace, func(n int) error { return l.write(command, n) })
	return l
}

// write inserts a grant or an id of an assertion.
func (l *load) write(db *storage.DB, n int) error {
	if n%2 == 0 {
		err := db.InsertGrant(l.t.Context(), grant(newID()))
		l.mu.Lock()
		defer l.mu.Unlock()
		l.made++
		return err
	}
	_, err := db.UseOnce(l.t.Context(), []byte(newID()), time.Now().Add(time.Minute))
	return err
}

func (l *load) repeat(who string, pace time.Duration, operation func(n int) error) {
	l.wg.Go(func() {
		for n := 0; !l.done.Load(); n++ {
			begin := time.Now()
			err := operation(n)
			took := time.Since(begin)
			l.mu.Lock()
			l.took[who] = append(l.took[who], took)
			l.mu.Unlock()
			if err != nil {
				l.t.Error(err)
				return
			}
			time.Sleep(pace)
		}
	})
}

func (l *load) stop() {
	l.done.Store(true)
	l.wg.Wait()
	for _, list := range l.took {
		slices.Sort(list)
	}
}

func (l *load) percent(who string, percent int) time.Duration {
	list := l.took[who]
	if len(list) == 0 {
		return 0
	}
	return list[(len(list)-1)*percent/100].Round(10 * time.Microsecond)
}
