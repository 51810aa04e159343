//go:build !linux

package load

import "syscall"

// endWithParent: only Linux can.
func endWithParent() *syscall.SysProcAttr { return nil }
