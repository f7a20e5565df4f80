// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openSelf opens this program for execution.
func openSelf() (*os.File, error) { return os.OpenFile("/proc/self/exe", unix.O_PATH, 0) }

// sysProcAttr asks for the root directory and the user that the options name.
func (c *config) sysProcAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Chroot: c.chroot}
	if cred := c.credential; cred != nil {
		attr.Credential = &syscall.Credential{
			Uid: cred.UID, Gid: cred.GID, Groups: cred.Groups, NoSetGroups: cred.NoSetGroups,
		}
	}
	return attr
}
