// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"syscall"
)

// contained has a test run in a process group and, if that can be had, in a mount
// namespace of its own: without a guard it may mount over folders of the machine. Package
// syscall makes the mounts private.
func contained() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		attr.Unshareflags = syscall.CLONE_NEWNS
	}
	return attr
}
