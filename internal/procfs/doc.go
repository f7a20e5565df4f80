// SPDX-License-Identifier: Apache-2.0

// Package procfs reads what the kernel tells about processes: their tasks and
// the namespaces of each, their descriptors, mounts, ID maps and children
// (proc(5), namespaces(7)).
//
// Every reader takes the place where procfs is mounted, so that it works on a
// tree of plain files just as well, and the name of a process in it: a number,
// or [Self]. It finds and does not judge. What goes away while it is being read
// is left out; every other failure is an error.
//
// The name [Self] is that of the process, and what it leads to is the view of
// its first thread. The tasks of a process are listed one by one, each with its
// own view.
package procfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Root is where procfs is mounted.
const Root = "/proc"

// Self names the process that reads.
const Self = "self"

// Vanished reports whether err means no more than 'gone meanwhile': the entry is
// missing, or the task behind an entry that is open already has been reaped (ESRCH).
func Vanished(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoSuchProcess)
}

// numbers lists the entries of dir whose name is a number, which in procfs are
// processes, tasks and descriptors. The order is that of the folder.
func numbers(dir string) ([]int, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	var list []int
	for _, name := range names {
		if n, ok := number(name); ok {
			list = append(list, n)
		}
	}
	return list, nil
}

// number parses the decimal numbers of procfs, which have neither sign nor
// leading zeros.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < 0 {
		return 0, false
	}
	return n, true
}

func path(root, process string, more ...string) string {
	return filepath.Join(root, process, filepath.Join(more...))
}
