package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, time.Now())) }

// options are what the command line says.
type options struct {
	provider, books, radio, google, facebook string // host:port
	data                                     string // empty: a folder that is removed at the end
	verbose                                  bool
}

// run is the program; begun is when it started. It returns the exit status.
func run(args []string, stdout, stderr io.Writer, begun time.Time) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // output that nobody reads any more must not cut the tidying up short
	if err := show(ctx, o, stdout, stderr, begun); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 1
	}
	return 0
}

// parse reads the flags.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.provider, "addr", "localhost:8080", "where Symbolon listens, as `host:port`; its issuer is http://localhost:PORT")
	flags.StringVar(&o.books, "books-addr", "127.0.0.1:9001", "where the partner app Sunny Books listens, as `host:port`")
	flags.StringVar(&o.radio, "radio-addr", "127.0.0.1:9002", "where the partner app Night Radio listens, as `host:port`")
	flags.StringVar(&o.google, "google-addr", "127.0.0.1:9100", "where the simulated Google listens, as `host:port`")
	flags.StringVar(&o.facebook, "facebook-addr", "127.0.0.1:9200", "where the simulated Facebook listens, as `host:port`")
	flags.StringVar(&o.data, "data", "", "the `folder` that keeps the database; without it, a temporary one that is removed at the end")
	flags.BoolVar(&o.verbose, "v", false, "write the log to standard error instead of a file in the data folder")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, errors.New("see -help")
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q: see -help", flags.Arg(0))
	}
	return o, o.checkLoopback()
}

// show runs the demo until ctx ends or a part of it fails.
func show(ctx context.Context, o options, stdout, stderr io.Writer, begun time.Time) (err error) {
	listeners, err := listen(o)
	if err != nil {
		return err
	}
	defer listeners.close()
	dir, remove, err := dataFolder(o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	log, closeLog, err := openLog(o.verbose, dir, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	d, err := start(ctx, listeners, dir, log)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // stopped before it was ready
	case err != nil:
		return err
	}
	fmt.Fprint(stdout, d.welcome(time.Since(begun), o))
	err = d.wait(ctx)
	fmt.Fprintln(stdout, "\nStopping.")
	return errors.Join(err, d.stop())
}

// dataFolder makes the folder. remove removes it when nobody asked for it.
func dataFolder(name string) (dir string, remove func() error, err error) {
	if name == "" {
		dir, err = os.MkdirTemp("", "symbolon-demo-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	if dir, err = filepath.Abs(name); err != nil {
		return "", nil, err
	}
	return dir, func() error { return nil }, os.MkdirAll(dir, 0o700)
}

// logName is the log in the data folder.
const logName = "symbolon.log"

func openLog(verbose bool, dir string, stderr io.Writer) (*slog.Logger, func() error, error) {
	if verbose {
		return slog.New(slog.NewTextHandler(stderr, nil)), func() error { return nil }, nil
	}
	file, err := os.OpenFile(filepath.Join(dir, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(file, nil)), file.Close, nil
}
