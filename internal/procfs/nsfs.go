// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Namespace is one namespace of the running kernel. All namespaces are files
// of a single filesystem, nsfs, which a kernel has only one of; so the inode is
// the whole identity. Values are comparable with ==. The zero Namespace is
// none.
//
// A namespace that nobody holds any more gives its inode back, and a later one
// may get it.
type Namespace struct {
	Kind string // "cgroup", "ipc", "mnt", "net", "pid", "time", "user" or "uts"
	Ino  uint64
}

// ErrNotNamespace tells that a text names no namespace.
var ErrNotNamespace = errors.New("not the name of a namespace")

// ParseNamespace reads the name that the kernel gives to a namespace, such as
// net:[4026531840]. Any other text gives an error that is [ErrNotNamespace].
func ParseNamespace(name string) (Namespace, error) {
	kind, rest, _ := strings.Cut(name, ":[")
	digits, closed := strings.CutSuffix(rest, "]")
	ino, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || !closed || !isKind(kind) || strconv.FormatUint(ino, 10) != digits {
		return Namespace{}, fmt.Errorf("%q: %w", name, ErrNotNamespace)
	}
	return Namespace{Kind: kind, Ino: ino}, nil
}

// kinds are the names of the flags that unshare(2) and ioctl_ns(2) have for a
// kind, CLONE_NEW*, which are the same on every architecture.
var kinds = map[int]string{
	0x00000080: "time",
	0x00020000: "mnt",
	0x02000000: "cgroup",
	0x04000000: "uts",
	0x08000000: "ipc",
	0x10000000: "user",
	0x20000000: "pid",
	0x40000000: "net",
}

// KindOf returns the name of the kind that has the flag CLONE_NEW*, "" for a
// flag that is none.
func KindOf(flag int) string { return kinds[flag] }

func isKind(name string) bool {
	for _, kind := range kinds {
		if kind == name {
			return true
		}
	}
	return false
}

// String is the kernel's name of the namespace.
func (n Namespace) String() string {
	if n == (Namespace{}) {
		return "none"
	}
	return n.Kind + ":[" + strconv.FormatUint(n.Ino, 10) + "]"
}
