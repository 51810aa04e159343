package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
)

// side is one of the two servers, with those who drive it.
type side struct {
	node     *load.Node
	postgres int           // process id of the PostgreSQL behind it; 0 for none
	metrics  *load.Partner // where /metrics is; nil for none
	workers  []*worker
}

// counters are totals since the start of the processes.
type counters struct {
	cpu, database       time.Duration
	statements, commits float64
}

func (s *side) read(ctx context.Context) (c counters, err error) {
	if c.cpu, err = cpuTime(s.node.PID()); err != nil {
		return c, err
	}
	if s.postgres != 0 {
		if c.database, err = treeCPUTime(s.postgres); err != nil {
			return c, err
		}
	}
	if s.metrics != nil {
		c.statements, c.commits, err = statements(ctx, s.metrics)
	}
	return c, err
}

// statements reads the server's own count of SQL statements and durable writes.
func statements(ctx context.Context, p *load.Partner) (all, commits float64, err error) {
	document, err := p.Document(ctx, "/metrics")
	if err != nil {
		return 0, 0, err
	}
	for text := range strings.Lines(document) {
		series, value, _ := strings.Cut(strings.TrimSpace(text), " ")
		kind, ok := strings.CutPrefix(series, `symbolon_sql_statements_total{kind="`)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/metrics: %q: %w", text, err)
		}
		switch strings.TrimSuffix(kind, `"}`) {
		case "commit":
			commits += n
		case "begin":
		default:
			all += n
		}
	}
	return all, commits, nil
}

// slice is one uninterrupted stretch of operations.
type slice struct {
	operations int
	took       time.Duration
	latencies  []time.Duration
	errors     int
	firstError error
	used       counters
}

// measure has conns workers do perWorker operations each.
func (s *side) measure(ctx context.Context, f flow, conns, perWorker int) (slice, error) {
	workers := s.workers[:conns]
	if f.prepare != nil {
		if err := each(workers, func(w *worker) error { return f.prepare(ctx, w, perWorker) }); err != nil {
			return slice{}, fmt.Errorf("prepare %s: %w", f.name, err)
		}
	}
	before, err := s.read(ctx)
	if err != nil {
		return slice{}, err
	}
	out := drive(ctx, f, workers, perWorker)
	after, err := s.read(ctx)
	out.used = counters{after.cpu - before.cpu, after.database - before.database, after.statements - before.statements, after.commits - before.commits}
	if err == nil {
		err = ctx.Err()
	}
	return out, err
}

// drive is the closed loop: each worker has one request under way, and sends the next when the answer is there.
func drive(ctx context.Context, f flow, workers []*worker, perWorker int) slice {
	parts := make([]slice, len(workers))
	start := time.Now()
	var group sync.WaitGroup
	for i, w := range workers {
		group.Go(func() {
			part := &parts[i]
			part.latencies = make([]time.Duration, 0, perWorker)
			for range perWorker {
				began := time.Now()
				err := f.operate(ctx, w)
				part.latencies = append(part.latencies, time.Since(began))
				if err != nil {
					part.errors++
					part.firstError = err
					return // what follows from a failure is no measurement
				}
			}
		})
	}
	group.Wait()
	all := slice{took: time.Since(start)}
	for _, part := range parts {
		all.operations += len(part.latencies)
		all.latencies = append(all.latencies, part.latencies...)
		all.errors += part.errors
		if all.firstError == nil {
			all.firstError = part.firstError
		}
	}
	return all
}

// each runs f for all workers at once and returns the first error.
func each(workers []*worker, f func(*worker) error) error {
	errs := make([]error, len(workers))
	var group sync.WaitGroup
	for i, w := range workers {
		group.Go(func() { errs[i] = f(w) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
