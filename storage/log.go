package storage

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

// slowStatement is how long a statement may take before the log hears of it.
const slowStatement = 500 * time.Millisecond

// slowLog is gorm's logger: it tells of slow statements, never of values. Errors are returned to the caller, who logs them.
//
// gorm's Scan goes past ParamsFilter, and writes the values into the text each time: raw queries here end in Find.
type slowLog struct {
	log  *slog.Logger
	slow time.Duration
}

func (l slowLog) LogMode(logger.LogLevel) logger.Interface { return l }
func (slowLog) Info(context.Context, string, ...any)       {}
func (slowLog) Warn(context.Context, string, ...any)       {}
func (slowLog) Error(context.Context, string, ...any)      {}

func (l slowLog) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	took := time.Since(begin)
	if l.log == nil || took < l.slow {
		return
	}
	query, rows := statement()
	l.log.WarnContext(ctx, "slow statement", "sql", query, "rows", rows, "took", took)
}

// ParamsFilter keeps the values out of the text that Trace sees.
func (slowLog) ParamsFilter(_ context.Context, query string, _ ...any) (string, []any) {
	return query, nil
}
