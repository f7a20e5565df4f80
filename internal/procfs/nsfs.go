// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
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

// ErrNotNamespace reports that a text names no namespace.
var ErrNotNamespace = errors.New("not the name of a namespace")

// ParseNamespace reads the name that the kernel gives to a namespace, such as
// net:[4026531840]. Any other text gives an error that is [ErrNotNamespace].
func ParseNamespace(text string) (Namespace, error) {
	name, rest, _ := strings.Cut(text, ":[")
	digits, closed := strings.CutSuffix(rest, "]")
	_, known := kind.Named(name)
	ino, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || !closed || !known || strconv.FormatUint(ino, 10) != digits {
		return Namespace{}, fmt.Errorf("%q: %w", text, ErrNotNamespace)
	}
	return Namespace{Kind: name, Ino: ino}, nil
}

// String is the kernel's name of the namespace.
func (n Namespace) String() string {
	if n == (Namespace{}) {
		return "none"
	}
	return n.Kind + ":[" + strconv.FormatUint(n.Ino, 10) + "]"
}
