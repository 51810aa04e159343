//go:build unix && !linux

package pgserver

import "syscall"

// endWithParent: only Linux can.
func endWithParent(*syscall.SysProcAttr) {}
