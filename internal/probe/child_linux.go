// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// nowhere cannot exist: what is above it is a file. Executing it is ENOTDIR,
// which no other step of a new process can end with.
const nowhere = "/proc/self/exe/nowhere"

// inChild has a child go through what attr asks for, and end. It returns the
// error of the step that failed.
func inChild(attr syscall.SysProcAttr) error {
	return sys.KeepDumpable(func() error {
		_, err := syscall.ForkExec(nowhere, []string{"nowhere"}, &syscall.ProcAttr{Sys: &attr})
		if errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		return err
	})
}

// rootMapped maps root in a new user namespace to this process's user.
func rootMapped() syscall.SysProcAttr {
	return syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}
