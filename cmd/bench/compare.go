package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// line is one line of the table: a flow on a database with a number of connections.
type line struct {
	Database    string   `json:"database"`
	Flow        string   `json:"flow"`
	Connections int      `json:"connections"`
	Server      figures  `json:"server"`
	Bare        *figures `json:"bare,omitempty"`
	// Ratio is the server's CPU time per operation over the bare server's; RatioAll counts PostgreSQL's with each.
	Ratio    float64 `json:"cpu_ratio,omitempty"`
	RatioAll float64 `json:"cpu_ratio_with_database,omitempty"`
}

// figures is what was measured of one server. CPU times are those of the slice that was disturbed least, the rate is the median of the slices,
// and latencies are over all of them.
type figures struct {
	Operations  int     `json:"operations"`
	Errors      int     `json:"errors"`
	FirstError  string  `json:"first_error,omitempty"`
	Rate        float64 `json:"operations_per_second"`
	P50         float64 `json:"p50_ms"`
	P95         float64 `json:"p95_ms"`
	P99         float64 `json:"p99_ms"`
	CPU         float64 `json:"cpu_seconds_per_1000"`
	DatabaseCPU float64 `json:"database_cpu_seconds_per_1000"`
	RSS         float64 `json:"rss_mib"`
	Statements  float64 `json:"statements_per_operation"`
	Commits     float64 `json:"commits_per_operation"`
}

func (l line) failed() bool { return l.Server.Errors > 0 || l.Bare != nil && l.Bare.Errors > 0 }

// The shape of a line: so many slices for each server in turn, each of at most so many operations, since those of some flows must be prepared.
const (
	slicesPerLine = 5
	maxOperations = 8000
)

// compare drives both servers in turn, so that what disturbs one disturbs the other.
func compare(ctx context.Context, f flow, conns int, duration time.Duration, server, bare *side) (line, error) {
	sides := []*side{server}
	if !f.noBare {
		sides = append(sides, bare)
	}
	perWorker, measured := make([]int, len(sides)), make([][]slice, len(sides))
	for i, s := range sides {
		warm, err := s.measure(ctx, f, conns, max(3, 100/conns))
		if err != nil {
			return line{}, err
		}
		rate := float64(warm.operations) / warm.took.Seconds()
		perWorker[i] = max(2, min(maxOperations, int(rate*duration.Seconds()/slicesPerLine))/conns)
	}
	for range slicesPerLine {
		for i, s := range sides {
			part, err := s.measure(ctx, f, conns, perWorker[i])
			if err != nil {
				return line{}, err
			}
			measured[i] = append(measured[i], part)
		}
	}
	l := line{Flow: f.name, Connections: conns}
	var err error
	if l.Server, err = server.figures(measured[0]); err != nil || f.noBare {
		return l, err
	}
	b, err := bare.figures(measured[1])
	l.Bare = &b
	if b.CPU > 0 {
		l.Ratio = l.Server.CPU / b.CPU
		l.RatioAll = (l.Server.CPU + l.Server.DatabaseCPU) / (b.CPU + b.DatabaseCPU)
	}
	return l, err
}

func (s *side) figures(slices []slice) (f figures, err error) {
	var rates, cpu, database []float64
	var latencies []time.Duration
	var statements, commits float64
	for _, part := range slices {
		n := float64(part.operations)
		f.Operations += part.operations
		f.Errors += part.errors
		if part.firstError != nil && f.FirstError == "" {
			f.FirstError = part.firstError.Error()
		}
		rates = append(rates, n/part.took.Seconds())
		cpu = append(cpu, part.used.cpu.Seconds()/n*1000)
		database = append(database, part.used.database.Seconds()/n*1000)
		latencies = append(latencies, part.latencies...)
		statements += part.used.statements
		commits += part.used.commits
	}
	f.Rate, f.CPU, f.DatabaseCPU = median(rates), least(cpu), least(database)
	f.P50, f.P95, f.P99 = percentiles(latencies)
	f.Statements, f.Commits = statements/float64(f.Operations), commits/float64(f.Operations)
	resident, err := residentBytes(s.node.PID())
	f.RSS = float64(resident) / (1 << 20)
	if err != nil {
		return f, fmt.Errorf("read memory: %w", err)
	}
	return f, nil
}

func least(values []float64) float64 { return slices.Min(values) }

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// percentiles returns the 50th, 95th and 99th in milliseconds.
func percentiles(latencies []time.Duration) (p50, p95, p99 float64) {
	slices.Sort(latencies)
	at := func(share float64) float64 {
		return float64(latencies[int(share*float64(len(latencies)-1))].Microseconds()) / 1000
	}
	return at(.50), at(.95), at(.99)
}
