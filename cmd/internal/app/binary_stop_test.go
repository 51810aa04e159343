package app_test

import (
	"errors"
	"net"
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// A graceful stop lets a slow request finish, takes no new one, and exits with 0.
func TestBinaryStopsGracefully(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.SQLite(t), "")
	node := d.serve()
	slow := d.slowCallback(1500 * time.Millisecond)
	d.must(node.Signal(syscall.SIGTERM))
	d.awaitClosed()
	if err := node.Wait(0); !errors.Is(err, load.ErrRunning) {
		t.Errorf("the process ended before the request: %v", err)
	}
	answer := <-slow
	if answer.err != nil || answer.status != http.StatusSeeOther {
		t.Errorf("the slow request: %d, %v", answer.status, answer.err)
	}
	if err := node.Wait(5 * time.Second); err != nil {
		t.Errorf("exit: %v\n%s", err, node.Log())
	}
}

// What does not finish in time is cut off, and the exit status says so.
func TestBinaryStopIsBounded(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.SQLite(t), "shutdown_timeout: 300ms\n")
	node := d.serve()
	slow := d.slowCallback(20 * time.Second)
	d.must(node.Signal(syscall.SIGTERM))
	var exit *exec.ExitError
	if err := node.Wait(5 * time.Second); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("exit: %v, want status 1\n%s", err, node.Log())
	}
	if answer := <-slow; answer.err == nil {
		t.Errorf("the slow request was answered with %d", answer.status)
	}
}

// A second SIGTERM ends the process at once.
func TestBinarySecondSignal(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.SQLite(t), "")
	node := d.serve()
	slow := d.slowCallback(20 * time.Second)
	d.must(node.Signal(syscall.SIGTERM))
	d.awaitClosed()
	d.must(node.Signal(syscall.SIGTERM))
	var exit *exec.ExitError
	if err := node.Wait(2 * time.Second); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("exit: %v, want the signal's usual effect", err)
	}
	<-slow
}

// callbackAnswer is what became of a callback.
type callbackAnswer struct {
	status int
	err    error
}

// slowCallback signs in at a Google whose token endpoint takes so long, and returns when the callback is under way there.
func (d *deployment) slowCallback(delay time.Duration) <-chan callbackAnswer {
	d.t.Helper()
	p, b := d.newPartner(), newBrowser(d.t)
	b.stopAt = d.issuer + "/login/google/callback"
	callback := b.open(p.url()).press("login-google").press("person-ada").location
	d.google.SetBehaviour(upstreamtest.Behaviour{Delay: upstreamtest.Duration(delay), At: []string{"token"}})
	r, err := http.NewRequest("GET", callback, nil)
	d.must(err)
	for name, value := range b.cookies[d.host()] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answered := make(chan callbackAnswer, 1)
	go func() {
		resp, err := plainClient.Do(r)
		if err != nil {
			answered <- callbackAnswer{err: err}
			return
		}
		resp.Body.Close()
		answered <- callbackAnswer{status: resp.StatusCode}
	}()
	d.eventually(func() bool { return len(d.google.Journal("token")) > 0 })
	return answered
}

// awaitClosed waits until nothing listens at the address any more.
func (d *deployment) awaitClosed() {
	d.t.Helper()
	d.eventually(func() bool {
		conn, err := net.Dial("tcp", d.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

func (d *deployment) eventually(holds func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatal("it does not come to pass")
		}
	}
}
