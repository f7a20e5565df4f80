// SPDX-License-Identifier: Apache-2.0

package reexec

import "os"

// A setup is the last part of a child's way. Its program would not start where none
// of its files can be seen: no dynamic loader, no libraries. So
// internal/forkexec starts it with the root directory of its parent, and the child
// goes where it is to be before package main is initialised.
type setup struct {
	Dir        string // the working directory
	Optional   bool   // if there is no Dir, it is /
	Credential *credential
}

// workDir is the working directory that the options ask for, or "".
func (c *config) workDir() string {
	if c.dir == "" && c.chroot != "" {
		return "/"
	}
	return c.dir
}

func (c *config) setup() *setup {
	s := &setup{Dir: c.workDir(), Credential: c.credential}
	if s.Dir == "" {
		s.Optional = true
		if wd, err := os.Getwd(); err == nil {
			s.Dir = wd
		}
	}
	return s
}
