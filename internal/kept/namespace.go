// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Namespace is one that the holder has.
type Namespace struct {
	Kind string `json:"kind"` // as the files of /proc/PID/ns are named
	ID   string `json:"id"`   // such as net:[4026532281]
	Path string `json:"path"` // its file, for as long as the holder lives
	// Shared says that it is not the fixture's own, but another one's.
	Shared bool `json:"shared,omitempty"`
}

// Flag returns the kind as the flag of clone(2), or 0 for one that is not known.
func (n Namespace) Flag() int {
	k, _ := kind.Named(n.Kind)
	return k.Flag
}

// Open opens the namespace, and makes sure that it is the one that was written down.
func (n Namespace) Open() (*os.File, error) {
	fd, err := sys.Open(n.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Path, err)
	}
	defer fd.Close()
	flag, err := fd.NamespaceFlag()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Path, err)
	}
	id, err := fd.InodeID()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Path, err)
	}
	if is := fmt.Sprintf("%s:[%d]", kind.Names(flag), id.Ino); flag != n.Flag() || is != n.ID {
		return nil, fmt.Errorf("%s is %s, and was %s: %w", n.Path, is, n.ID, os.ErrInvalid)
	}
	return fd.File(n.ID)
}
