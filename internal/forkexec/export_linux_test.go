// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// FailRecvmsg has the next calls of recvmsg fail, as many as that, until the test ends.
func FailRecvmsg(t *testing.T, err error, times int) {
	real := recvmsg
	t.Cleanup(func() { recvmsg = real })
	recvmsg = func(fd int, p, oob []byte, flags int) (n, oobn, rflags int, from unix.Sockaddr, _ error) {
		if times == 0 {
			return real(fd, p, oob, flags)
		}
		times--
		return 0, 0, 0, nil, err
	}
}

// SetMuteAfter sets how long a child may be silent that holds namespaces.
func SetMuteAfter(d time.Duration) { muteAfter = d }
