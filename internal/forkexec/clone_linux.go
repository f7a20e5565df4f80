// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !race && !msan && !asan

package forkexec

// canShare reports whether cloneShared is there. Under a sanitizer, whose calls are everywhere, no code may run on a stack that it
// does not know.
const canShare = true

// cloneShared is clone(flags, stack). The new process runs playShared(s) on the stack.
//
//go:noescape
func cloneShared(flags, stack uintptr, s *script) (pid, errno uintptr)
