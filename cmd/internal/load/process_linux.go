package load

import "syscall"

// endWithParent has the system end the process when the program that started it is killed.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
