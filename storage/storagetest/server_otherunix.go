//go:build unix && !linux

package storagetest

import "syscall"

// endWithParent: only Linux can.
func endWithParent(*syscall.SysProcAttr) {}
