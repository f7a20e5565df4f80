// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"os"
	"sync/atomic"
)

// An FD owns a descriptor: it is closed once, by the one that holds it, and
// never by its number. The zero FD is not valid.
type FD struct{ n atomic.Int32 }

// ErrNotNamespace reports that a file is no namespace file.
var ErrNotNamespace = errors.New("not a namespace file")

// ErrOutside reports that a namespace lies outside of what the caller may see.
var ErrOutside = errors.New("outside of the caller's user namespace")

// ErrUnreachable reports that a folder is not below the caller's root directory.
var ErrUnreachable = errors.New("outside of the caller's root directory")

// An InodeID tells one file from another for as long as a descriptor of either
// is held; once none is, the kernel hands the number out again.
type InodeID struct{ Dev, Ino uint64 }

// NewFD takes ownership of descriptor n.
func NewFD(n int) *FD {
	fd := new(FD)
	fd.n.Store(int32(n))
	return fd
}

// Int returns the descriptor's number, or -1 once it is closed or disowned. The
// number is on loan: it is good for as long as the FD is kept open.
func (fd *FD) Int() int { return int(fd.n.Load()) }

// Disown gives the descriptor up without closing it.
func (fd *FD) Disown() int { return int(fd.n.Swap(-1)) }

// Close closes the descriptor. Only the first call does; a number that the
// kernel has meanwhile given to somebody else is never touched. Of a nil FD, which is
// what an opening that failed leaves behind, there is nothing to close.
func (fd *FD) Close() error {
	if fd == nil {
		return nil
	}
	n := fd.Disown()
	if n < 0 {
		return os.ErrClosed
	}
	return closeFD(n)
}

// File duplicates the descriptor into a file of that name.
func (fd *FD) File(name string) (*os.File, error) {
	dup, err := fd.Dup()
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(dup.Disown()), name), nil
}
