//go:build !unix

package pgserver

import (
	"errors"
	"syscall"
)

func giveAway(string) (*syscall.SysProcAttr, error) {
	return nil, errors.New("a private PostgreSQL is started on Unix only")
}
