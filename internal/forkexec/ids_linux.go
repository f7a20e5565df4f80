// SPDX-License-Identifier: Apache-2.0

//go:build linux && !386 && !arm

package forkexec

import "golang.org/x/sys/unix"

const (
	sysGeteuid   = unix.SYS_GETEUID
	sysSetgroups = unix.SYS_SETGROUPS
	sysSetgid    = unix.SYS_SETGID
	sysSetuid    = unix.SYS_SETUID
)
