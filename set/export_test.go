// SPDX-License-Identifier: Apache-2.0

package set

import (
	"math"

	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Differs has the kinds in which a Set is not where the process is.
func (s Set) Differs() int { return s.differs }

// BreakFd puts a file that is no namespace in the place of the Set's descriptor
// of one kind, so that joining it fails (EINVAL) after other kinds were joined.
func BreakFd(s Set, flag int) error {
	i, err := indexOf(flag)
	if err != nil {
		return err
	}
	broken, err := sys.Open("/dev/null")
	if err != nil {
		return err
	}
	good := s.fds[i]
	s.fds[i] = broken
	return good.Close()
}

// LoseFd closes the Set's descriptor of one kind and puts a number in its place that no
// file has, so that closing it fails (EBADF).
func LoseFd(s Set, flag int) error {
	i, err := indexOf(flag)
	if err != nil {
		return err
	}
	good := s.fds[i]
	s.fds[i] = sys.NewFD(math.MaxInt32)
	return good.Close()
}

// SetProc has namespaces read from another folder than /proc, for good.
func SetProc(dir string) error { return procns.UseProc(dir) }

// FdOf returns the number of a Set's descriptor of one kind.
func FdOf(s Set, flag int) (int, error) {
	i, err := indexOf(flag)
	if err != nil {
		return 0, err
	}
	return s.fds[i].Int(), nil
}
