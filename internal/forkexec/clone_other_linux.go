// SPDX-License-Identifier: Apache-2.0

//go:build (!amd64 && !arm64) || race || msan || asan

package forkexec

import "golang.org/x/sys/unix"

const canShare = false

func cloneShared(_, _ uintptr, _ *script) (pid, errno uintptr) { return 0, uintptr(unix.ENOSYS) }
