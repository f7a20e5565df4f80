// SPDX-License-Identifier: Apache-2.0

//go:build linux && (386 || arm)

package forkexec

import "golang.org/x/sys/unix"

// The calls without 32 in their names know 16 bits of an id only.
const (
	sysGeteuid   = unix.SYS_GETEUID32
	sysSetgroups = unix.SYS_SETGROUPS32
	sysSetgid    = unix.SYS_SETGID32
	sysSetuid    = unix.SYS_SETUID32
)
