// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

const selfPath = "/proc/self/exe"

// openSelf opens this program for execution.
func openSelf() (*os.File, error) { return os.OpenFile(selfPath, unix.O_PATH, 0) }

// become asks for the root directory and the user that the options name.
func (c *config) become(attr *forkexec.Attr) {
	attr.Sys = &syscall.SysProcAttr{Chroot: c.chroot}
	if cred := c.credential; cred != nil {
		attr.Sys.Credential = &syscall.Credential{
			Uid: cred.UID, Gid: cred.GID, Groups: cred.Groups, NoSetGroups: cred.NoSetGroups,
		}
	}
}
