// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNoSecure is the error of [SecureExec] where the kernel does not say.
var ErrNoSecure = errors.New("the kernel does not say whether the program has rights that its caller lacks " +
	"(no AT_SECURE in the auxiliary vector)")

// SecureExec reports whether the kernel started this program with rights that its caller
// lacks: set-user-ID, set-group-ID, file capabilities (getauxval(3), AT_SECURE). Such a
// program must not follow what its environment asks for. With an error it is not known, and
// the answer is yes.
func SecureExec() (bool, error) { return secureExec(unix.Auxv()) }

func secureExec(auxv [][2]uintptr, err error) (bool, error) {
	const atSecure = 23 // AT_SECURE of linux/auxvec.h
	if err != nil {
		return true, fmt.Errorf("auxiliary vector: %w", err)
	}
	if secure, told := auxiliary(auxv, atSecure); told {
		return secure != 0, nil
	}
	return true, ErrNoSecure
}

// auxiliary has what the kernel told the program under a key (getauxval(3)), if anything.
func auxiliary(auxv [][2]uintptr, key uintptr) (value uintptr, told bool) {
	for _, entry := range auxv {
		if entry[0] == key {
			return entry[1], true
		}
	}
	return 0, false
}
