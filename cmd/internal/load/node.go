package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Node is a process that serves, with its standard error in a file.
type Node struct {
	process *os.Process
	ended   chan struct{}
	err     error // of the process, once ended is closed
	log     string
}

// Start starts the program. Its standard error is appended to the file log; its environment is empty but for environ, so that no setting of
// the caller's reaches it. Where the system can (Linux), the process ends with the caller.
func Start(log string, environ []string, program string, args ...string) (*Node, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stderr = append([]string{"HOME=/nonexistent"}, environ...), out
	cmd.SysProcAttr = endWithParent()
	n := &Node{ended: make(chan struct{}), log: log}
	started := make(chan error)
	go func() {
		// The parent that the system means is this thread: it stays as long as the process.
		runtime.LockOSThread()
		defer out.Close()
		err := cmd.Start()
		n.process = cmd.Process
		started <- err
		if err == nil {
			n.err = cmd.Wait()
			close(n.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return n, nil
}

// PID returns the process id.
func (n *Node) PID() int { return n.process.Pid }

// Log returns what the process has written to standard error.
func (n *Node) Log() string {
	raw, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// Signal sends a signal. A process that has ended is no error.
func (n *Node) Signal(s os.Signal) error {
	if err := n.process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Kill ends the process as a power failure would, and waits for it.
func (n *Node) Kill() {
	_ = n.process.Kill()
	<-n.ended
}

// ErrRunning says that a process has not ended in time.
var ErrRunning = errors.New("load: the process still runs")

// Wait waits for the process to end by itself: nil for status 0, *exec.ExitError for others, ErrRunning when it takes longer than timeout.
func (n *Node) Wait(timeout time.Duration) error {
	select {
	case <-n.ended:
		return n.err
	case <-time.After(timeout):
		return ErrRunning
	}
}

// Stop ends the process in an orderly way, or after ten seconds in the other. The error is Wait's.
func (n *Node) Stop() error {
	if err := n.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := n.Wait(10 * time.Second)
	if errors.Is(err, ErrRunning) {
		n.Kill()
	}
	return err
}

// AwaitReady waits until GET url is answered with 200, the process has ended, or ctx.
func (n *Node) AwaitReady(ctx context.Context, client *http.Client, url string) error {
	for {
		if resp, err := client.Get(url); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-n.ended:
			return fmt.Errorf("the process has ended (%v):\n%s", n.err, n.Log())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", url, ctx.Err(), n.Log())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// FreeAddress returns host:port on loopback where nothing listens.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
