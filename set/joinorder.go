// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// joins lists the Set's namespaces of the kinds in flags in the order in which a
// process can join them. It takes capabilities in the user namespace that owns one:
//
//  1. Those come first that belong to the user namespace of this process, or to none that
//     leads to the Set's.
//  2. Then each user namespace between the two that owns one of the Set's, with those.
//  3. Then the Set's user namespace, with those that belong to it or to one below it.
//
// The descriptors of 2 are open until done is called.
func (s Set) joins(flags int) (list []forkexec.Join, done func(), err error) {
	done = func() {}
	if flags&NS_USER == 0 {
		for i, k := range kind.Table {
			if flags&k.Flag != 0 {
				list = append(list, forkexec.Join{FD: s.fds[i].Int(), Flag: k.Flag})
			}
		}
		return list, done, nil
	}
	way, err := wayTo(s.fds[userIndex])
	if err != nil {
		return nil, done, newError("find the parents of", NS_USER, err)
	}
	defer func() {
		if err != nil {
			done()
		}
	}()
	done = func() {
		for _, step := range way {
			_ = step.fd.Close() // it was only to be joined
		}
	}
	for i, k := range kind.Table {
		if flags&k.Flag == 0 || k.Flag == NS_USER {
			continue
		}
		join := forkexec.Join{FD: s.fds[i].Int(), Flag: k.Flag}
		step, err := stepOf(way, s.fds[i])
		if err != nil {
			return nil, done, newError("find the owner of", k.Flag, err)
		}
		if step < 0 {
			list = append(list, join)
		} else {
			way[step].owns = append(way[step].owns, join)
		}
	}
	for i, step := range way {
		if len(step.owns) > 0 || i == len(way)-1 {
			list = append(list, forkexec.Join{FD: step.fd.Int(), Flag: NS_USER})
			list = append(list, step.owns...)
		}
	}
	return list, done, nil
}

// userIndex is the row of the user namespace, which is the first to be joined.
const userIndex = 0

// A wayStep is a user namespace on the way from this process's to another one.
type wayStep struct {
	fd   *sys.FD
	id   sys.InodeID
	owns []forkexec.Join
}

// wayTo lists the user namespaces from the one below this process's to user.
func wayTo(user *sys.FD) (way []wayStep, err error) {
	defer func() {
		if err != nil {
			for _, step := range way {
				err = errors.Join(err, step.fd.Close())
			}
			way = nil
		}
	}()
	for fd, err := user.Dup(); ; fd, err = fd.Parent() {
		if errors.Is(err, sys.ErrOutside) {
			return way, nil
		}
		if err != nil {
			return way, err
		}
		id, err := fd.InodeID()
		if err != nil || id == home.ids[userIndex] {
			return way, errors.Join(err, fd.Close())
		}
		way = append([]wayStep{{fd: fd, id: id}}, way...)
	}
}

// stepOf tells which step of the way owns a namespace, or -1 if none does. What belongs to a user
// namespace that is below the last one counts as the last one's.
func stepOf(way []wayStep, ns *sys.FD) (step int, err error) {
	owner, err := ns.UserNamespace()
	for err == nil {
		var id sys.InodeID
		if id, err = owner.InodeID(); err != nil {
			return -1, errors.Join(err, owner.Close())
		}
		for i, w := range way {
			if w.id == id {
				return i, owner.Close()
			}
		}
		above, e := owner.Parent()
		if err = errors.Join(e, owner.Close()); err == nil {
			owner = above
		}
	}
	if errors.Is(err, sys.ErrOutside) {
		return -1, nil // above everything that this process can see
	}
	return -1, err
}
