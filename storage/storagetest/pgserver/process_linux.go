package pgserver

import "syscall"

// endWithParent has the system stop the server when the program that started it is killed.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
