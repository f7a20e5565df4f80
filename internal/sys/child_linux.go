// SPDX-License-Identifier: Apache-2.0

package sys

import "golang.org/x/sys/unix"

// AwaitEnd waits until a child of this process has ended, and leaves it to be waited for:
// until then its number, and that of its process group, are nobody else's (waitid(2)).
func AwaitEnd(child int) error {
	return retry(func() error { return unix.Waitid(unix.P_PID, child, nil, unix.WEXITED|unix.WNOWAIT, nil) })
}

// HasEnded reports whether a child of this process has ended, and leaves it to be waited for.
func HasEnded(child int) (bool, error) {
	var info unix.Siginfo
	err := retry(func() error {
		return unix.Waitid(unix.P_PID, child, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	})
	return info.Signo != 0, err
}
