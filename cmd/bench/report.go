package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
)

// report prints the lines as one table.
func report(out io.Writer, lines []line) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "database\tflow\tconns\tops/s\tp50 ms\tp95 ms\tp99 ms\terrors\tcpu s/1000\tbare cpu\tRATIO\t"+
		"db cpu\tbare db\twith db\tSQL/op\tcommits/op\tRSS MiB\tbare ops/s\t")
	for _, l := range lines {
		bare := figures{}
		if l.Bare != nil {
			bare = *l.Bare
		}
		s := l.Server
		fmt.Fprintf(table, "%s\t%s\t%d\t%.0f\t%.2f\t%.2f\t%.2f\t%d\t%.3f\t%s\t%s\t%s\t%s\t%s\t%.2f\t%.2f\t%.0f\t%s\t\n",
			l.Database, l.Flow, l.Connections, s.Rate, s.P50, s.P95, s.P99, s.Errors+bare.Errors, s.CPU, number(bare.CPU, 3), number(l.Ratio, 2),
			number(s.DatabaseCPU, 3), number(bare.DatabaseCPU, 3), number(l.RatioAll, 2), s.Statements, s.Commits, s.RSS, number(bare.Rate, 0))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, l := range lines {
		for _, f := range []*figures{&l.Server, l.Bare} {
			if f != nil && f.FirstError != "" {
				fmt.Fprintf(out, "%s %s with %d connections: %s\n", l.Database, l.Flow, l.Connections, f.FirstError)
			}
		}
	}
	return nil
}

// number is a dash for what there is not.
func number(n float64, decimals int) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatFloat(n, 'f', decimals, 64)
}

func writeJSON(path string, lines []line) error {
	raw, err := json.MarshalIndent(lines, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
