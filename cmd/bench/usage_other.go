//go:build !linux

package main

import (
	"errors"
	"time"
)

var errUsage = errors.New("the CPU time of another process is read on Linux only")

func cpuTime(int) (time.Duration, error)     { return 0, errUsage }
func treeCPUTime(int) (time.Duration, error) { return 0, errUsage }
func residentBytes(int) (int64, error)       { return 0, errUsage }
