// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
)

// trySeccomp tells whether the process is free of a filter that forbids
// namespaces. Docker's does unless the container has CAP_SYS_ADMIN.
func trySeccomp() Result {
	if refusal.SeccompForbids() {
		return Result{OK: No, Cause: fmt.Errorf("a seccomp filter forbids unshare(2): %w", unix.EPERM), Remedy: refusal.DropSeccomp}
	}
	return Result{OK: Yes}
}
