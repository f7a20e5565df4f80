// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// explained says of a child's failure what it was about.
func (c *Cmd) explained(err error) error {
	var failed *forkexec.Error
	if !errors.As(err, &failed) {
		return err
	}
	e := *failed
	switch e.Step {
	case forkexec.Fork:
		if slices.ContainsFunc(c.Attr.Joins, func(j forkexec.Join) bool { return j.Flag == kind.PID }) {
			e.Flag = kind.PID // which is dead, if there is no memory (ENOMEM)
		}
	case forkexec.Chdir:
		e.Path = c.Dir
	case forkexec.Chroot:
		if c.Attr.Sys != nil {
			e.Path = c.Attr.Sys.Chroot
		}
	case forkexec.Exec:
		switch missing := errors.Is(err, syscall.ENOENT); {
		case missing && c.Search:
			e.Err = &exec.Error{Name: c.Path, Err: exec.ErrNotFound}
		case missing && c.Attr.Program != nil:
			// An open file is there, so what is not is the loader that it names (execve(2)).
			e.Err = fmt.Errorf("%w (this program is linked dynamically, and its loader is not in there: build it with CGO_ENABLED=0)", e.Err)
			fallthrough
		default:
			e.Path = c.Path
		}
	}
	return &e
}
