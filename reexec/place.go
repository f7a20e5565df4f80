// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"errors"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// In makes the action run in the Set's namespaces, whatever their kinds, and in those
// of this process for the kinds that the Set lacks. Without it, the action is where the
// calling goroutine is. The Set has to be open until the action has started.
//
// The action is the first program in there but, in a pid namespace, not the
// first process. In a user namespace it is who the caller is, or root if the
// namespace does not map the caller.
func In(s set.Set) Option { return func(c *config) { c.in = &s } }

// Unshare makes the action run in new namespaces of the kinds in flags, with the
// options of [set.Unshare], made from inside the Set of [In] or where the calling
// goroutine is. They are let go of when the action has ended, and with a pid
// namespace everything ends that still runs there.
//
// An ordinary user asks for a user namespace, too, in which they are root:
//
//	Answer.Run(ctx, "why", reexec.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped()))
func Unshare(flags int, opts ...set.UnshareOpt) Option {
	return func(c *config) {
		c.unshare |= flags
		c.unshareOpts = append(c.unshareOpts, opts...)
		c.hasUnshare = true
	}
}

// Chroot makes dir, looked up inside of the namespaces, the action's root directory, and
// its working directory unless there is a [Dir]. Nothing of the program has to be in
// there, but in another user namespace its dynamic loader, if it has one: see "Where it runs".
func Chroot(dir string) Option { return func(c *config) { c.chroot = dir } }

// A credential is who a child is; see syscall.Credential.
type credential struct {
	UID, GID    uint32
	Groups      []uint32
	NoSetGroups bool
}

// A place is where a child will be.
type place struct {
	set   set.Set
	made  bool // the Set is ours to close
	joins []forkexec.Join
	files []*os.File // what joins refers to, and exe

	exe *os.File

	// arrival is what is left to the child itself, if anything is. It is known
	// once the child is started.
	arrival *arrival
}

// place finds out where the child is to be, nil being where its parent is. The new
// namespaces exist from now on.
func (c *config) place() (_ *place, err error) {
	if c.in == nil && !c.hasUnshare && len(c.namespaces) == 0 && c.chroot == "" && c.credential == nil {
		return nil, nil
	}
	p := &place{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if len(c.namespaces) > 0 && (c.in != nil || c.hasUnshare) {
		return nil, errors.New("Namespaces excludes In and Unshare")
	}
	if p.joins, p.files, err = joins(c.namespaces); err != nil {
		return nil, err
	}
	if p.exe, err = openSelf(); err != nil {
		return nil, err
	}
	p.files = append(p.files, p.exe)
	if c.in != nil {
		p.set = *c.in
	} else if p.set, err = set.Current(0); err != nil {
		return nil, err
	} else {
		p.made = true
	}
	if !c.hasUnshare {
		return p, nil
	}
	fresh, err := p.set.Unshare(c.unshare, c.unshareOpts...)
	if err != nil {
		return nil, err
	}
	if p.made {
		err = p.set.Close()
	}
	p.set, p.made = fresh, true
	return p, err
}

// toArrive is what the child has to do itself.
func (p *place) toArrive() *arrival {
	if p == nil {
		return nil
	}
	return p.arrival
}

func (p *place) close() error {
	if p == nil {
		return nil
	}
	err := closeAll(p.files...)
	p.files = nil
	if p.made {
		err = errors.Join(err, p.set.Close())
	}
	return err
}
