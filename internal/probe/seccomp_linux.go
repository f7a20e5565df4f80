// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// trySeccomp tells whether the process is free of a filter that forbids
// namespaces. Docker's does unless the container has CAP_SYS_ADMIN.
func trySeccomp() Result {
	if seccompForbids() {
		return Result{OK: No, Cause: fmt.Errorf("a seccomp filter forbids unshare(2): %w", unix.EPERM), Remedy: dropSeccomp}
	}
	return Result{OK: Yes}
}
