package storage

import (
	"errors"
	"syscall"
)

// checkFileSystem refuses NFS and SMB: their locks do not hold what SQLite's WAL asks of them, and a database there is lost sooner or later.
func checkFileSystem(dir string) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return err
	}
	switch uint32(s.Type) {
	case 0x6969, 0x517b, 0xff534d42, 0xfe534d42: // NFS, SMB, CIFS, SMB2: statfs(2)
		return errors.New("SQLite cannot run on a network file system: use a local disk, or PostgreSQL")
	}
	return nil
}
