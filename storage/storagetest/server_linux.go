package storagetest

import "syscall"

// endWithParent has the system stop the server when the test binary is killed.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
