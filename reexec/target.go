// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// In makes the action run in the Set's namespaces, whatever their kinds, and in those
// of this process for the kinds that the Set lacks. Without it, the action is where the
// calling goroutine is. The Set has to be open until the action has started.
//
// The action is the first program in there but, in a pid namespace, not the first
// process. In a user namespace it runs as the caller's user, or as root if the
// namespace does not map that user.
func In(s set.Set) Option { return func(c *config) { c.in = &s } }

// Unshare makes the action run in new namespaces of the kinds in flags, with the
// options of [set.Unshare], made from inside the Set of [In] or where the calling
// goroutine is. They are released when the action has ended. If there is a new pid
// namespace, every process that still runs in it is then killed.
//
// An ordinary user also needs a new user namespace, in which they are root:
//
//	Answer.Run(ctx, "why", reexec.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped()))
func Unshare(flags int, opts ...set.UnshareOpt) Option {
	return func(c *config) {
		c.unshare |= flags
		c.unshareOpts = append(c.unshareOpts, opts...)
		c.hasUnshare = true
	}
}

// Chroot makes dir, looked up inside of the namespaces, the action's root directory, and its
// working directory unless there is a [Dir]. The program's files need not be in there, except
// for its dynamic loader if the action runs in another user namespace or is not root: see
// "Where it runs".
func Chroot(dir string) Option { return func(c *config) { c.chroot = dir } }

// A credential is who a child is; see syscall.Credential.
type credential struct {
	UID, GID    uint32
	Groups      []uint32
	NoSetGroups bool
}

// A target is where a child is to be. The zero target is where its parent is.
type target struct {
	attr  *forkexec.Attr
	setup *setup // what is left to the child itself, if anything is

	held []io.Closer // until the child has ended
}

// target opens what the child is to join. The new namespaces exist from now on.
func (c *config) target() (t target, err error) {
	if c.in == nil && !c.hasUnshare && len(c.namespaces) == 0 && c.chroot == "" && c.credential == nil {
		return t, nil
	}
	if len(c.namespaces) > 0 && (c.in != nil || c.hasUnshare) {
		return t, errors.New("Namespaces excludes In and Unshare")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(t.held))
		}
	}()
	joins, err := c.openSet(&t)
	if err != nil {
		return t, err
	}
	listed, err := c.openNamespaces(&t)
	if err != nil {
		return t, err
	}
	exe, err := openSelf()
	if err != nil {
		return t, err
	}
	t.held = append(t.held, exe)
	t.attr = &forkexec.Attr{
		Joins:   append(joins, listed...),
		Program: &forkexec.Program{FD: int(exe.Fd())},
		Sys:     c.sysProcAttr(),
	}
	if t.attr.StartsOutside() {
		t.attr.Program.Root = rootFD
		t.setup = c.setup()
	}
	return t, nil
}

// openSet opens the namespaces of the Set that the options name, or make.
func (c *config) openSet(t *target) (joins []forkexec.Join, err error) {
	s, ours, err := c.set()
	if err != nil {
		return nil, err
	}
	if ours {
		defer func() { err = errors.Join(err, s.Close()) }()
	}
	if c.hasUnshare {
		kept, err := s.Dup(c.unshare) // and the first process of a new pid namespace
		if err != nil {
			return nil, err
		}
		t.held = append(t.held, kept)
	}
	fds, err := s.Fds(0)
	if err != nil {
		return nil, err
	}
	t.held = append(t.held, fds)
	var namespaces []forkexec.Join
	for _, k := range kind.Table {
		if f := fds[k.Flag]; f != nil {
			namespaces = append(namespaces, forkexec.Join{FD: int(f.Fd()), Flag: k.Flag})
		}
	}
	joins, between, err := forkexec.Order(namespaces)
	if err != nil {
		return nil, err
	}
	t.held = append(t.held, between)
	for flag, f := range fds {
		if !slices.ContainsFunc(joins, func(j forkexec.Join) bool { return j.Flag == flag }) {
			err = errors.Join(err, f.Close())
			delete(fds, flag)
		}
	}
	return joins, err
}

// set returns the Set that the options name, or make, and whether it is ours to close.
func (c *config) set() (s set.Set, ours bool, err error) {
	if c.in != nil {
		s = *c.in
	} else if s, err = set.Current(0); err != nil {
		return s, false, err
	} else {
		ours = true
	}
	if !c.hasUnshare {
		return s, ours, nil
	}
	fresh, err := s.Unshare(c.unshare, c.unshareOpts...)
	if ours {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		err = errors.Join(err, fresh.Close())
	}
	return fresh, true, err
}

// closeAll closes what was opened, the last thing first.
func closeAll[C io.Closer](opened []C) error {
	var errs []error
	for _, c := range slices.Backward(opened) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// A setup is the last part of a child's way. Its program would not start where none
// of its files can be seen: no dynamic loader, no libraries. So
// internal/forkexec starts it with the root directory of its parent, and the child
// goes where it is to be before package main is initialised.
type setup struct {
	Dir        string // the working directory
	Optional   bool   // if there is no Dir, it is /
	Credential *credential
}

func (c *config) setup() *setup {
	s := &setup{Dir: c.dir, Credential: c.credential}
	if s.Dir == "" {
		s.Optional = true
		if wd, err := os.Getwd(); err == nil {
			s.Dir = wd
		}
	}
	return s
}
