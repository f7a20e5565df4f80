// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// tryLimits reads how many namespaces of each kind may exist in this user
// namespace. Those of the outer ones cannot be read, but hold too.
func tryLimits() Result {
	var none, help []string
	for _, kind := range []string{"user", "net", "mnt", "pid", "ipc", "uts", "cgroup", "time"} {
		name := "user.max_" + kind + "_namespaces"
		switch value, err := sysctl(name); {
		case errors.Is(err, fs.ErrNotExist): // the kernel lacks the kind
		case err != nil:
			return Result{OK: Inconclusive, Cause: err}
		case value == "0":
			none = append(none, name)
			help = append(help, fmt.Sprintf("%s=%d", name, manyNamespaces))
		}
	}
	if none == nil {
		return Result{OK: Yes}
	}
	return Result{
		OK:     No,
		Cause:  fmt.Errorf("no namespace may exist: %s is 0: %w", strings.Join(none, " and "), unix.ENOSPC),
		Remedy: "sudo sysctl -w " + strings.Join(help, " "),
	}
}
