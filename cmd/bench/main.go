package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == bareCommand {
		exit(runBare(os.Args[2], os.Args[3]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	exit(err)
}

func exit(err error) {
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// options is the command line.
type options struct {
	databases []string
	duration  time.Duration // of each side of each line of the table
	conns     []int
	flows     []flow
	json      string
}

// errAnswers says that some answers were not what they should be; the table is printed all the same.
var errAnswers = errors.New("some answers were errors")

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, progress)
	if err != nil {
		return err
	}
	defer b.close()
	var lines []line
	for _, database := range o.databases {
		measured, err := b.database(ctx, database, o)
		if err != nil {
			return fmt.Errorf("%s: %w", database, err)
		}
		lines = append(lines, measured...)
	}
	if err := report(out, lines); err != nil {
		return err
	}
	if o.json != "" {
		if err := writeJSON(o.json, lines); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(lines, func(l line) bool { return l.failed() }) {
		return errAnswers
	}
	return nil
}

func parse(args []string, usage io.Writer) (o options, err error) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(usage)
	database := set.String("db", "both", "`DATABASE`: sqlite, postgres or both")
	set.DurationVar(&o.duration, "duration", 5*time.Second, "how long each server is driven for a line of the table")
	conns := set.String("conns", "1,8,64", "numbers of connections")
	names := set.String("flows", "", "flows, of: "+strings.Join(flowNames(), ", ")+" (default all)")
	set.StringVar(&o.json, "json", "", "also write the figures to `FILE`")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	switch *database {
	case "both":
		o.databases = []string{"sqlite", "postgres"}
	case "sqlite", "postgres":
		o.databases = []string{*database}
	default:
		return o, fmt.Errorf("-db is sqlite, postgres or both, not %q", *database)
	}
	for text := range strings.SplitSeq(*conns, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return o, fmt.Errorf("-conns wants numbers from 1 to 1000, not %q", text)
		}
		o.conns = append(o.conns, n)
	}
	o.flows, err = flowsNamed(*names)
	return o, err
}
