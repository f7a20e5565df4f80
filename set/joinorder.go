// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"errors"
	"io"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// joins returns the Set's namespaces of the kinds in flags in the order in which a process can
// join them. Those between this process's user namespace and the Set's are open until between is closed.
func (s Set) joins(flags int) (joins []forkexec.Join, between io.Closer, err error) {
	for i, k := range kind.Table {
		if flags&k.Flag != 0 {
			joins = append(joins, forkexec.Join{FD: s.fds[i].Int(), Flag: k.Flag})
		}
	}
	joins, between, err = forkexec.Order(joins)
	return joins, between, childError("unshare", flags, err)
}

// childError says at which step a child failed, or the order of what it is to join; op and flags are what
// it was for.
func childError(op string, flags int, err error) error {
	var failed *forkexec.Error
	if !errors.As(err, &failed) {
		return newError(op, flags, err)
	}
	return newError(string(failed.Step), cmp.Or(failed.Flag, flags), failed.Cause())
}
