// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"io"
	"slices"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Order sorts open namespaces, at most one of each kind and in the order of [kind.Table], so that
// a process can join them. Those that are this process's own are left out. Joining takes
// capabilities in the user namespace that owns a namespace:
//
//  1. Those come first that belong to the user namespace of this process, or to none on the
//     way from there to the one in the list.
//  2. Then each user namespace between the two that owns one of the list, with those.
//  3. Then the user namespace in the list, with those that belong to it or to one below it.
//
// The descriptors of 2 are open until between is closed.
func Order(namespaces []Join) (joins []Join, between io.Closer, err error) {
	var user *Join
	for _, ns := range namespaces {
		id, err := sys.NewFD(ns.FD).InodeID()
		if err != nil {
			return nil, nil, &Error{Step: Stat, Flag: ns.Flag, Err: err}
		}
		switch {
		case procns.Has(ns.Flag, id):
		case ns.Flag == kind.User:
			user = &ns
		default:
			joins = append(joins, ns)
		}
	}
	if user == nil {
		return joins, way(nil), nil
	}
	way, err := wayTo(sys.NewFD(user.FD))
	if err != nil {
		return nil, nil, &Error{Step: Parents, Flag: kind.User, Err: err}
	}
	joins, err = way.order(joins)
	if err != nil {
		return nil, nil, errors.Join(err, way.Close())
	}
	return joins, way, nil
}

// A way leads from this process's user namespace to another one: it has those in between, the one
// below this process's first, and that one at its end.
type way []wayStep

type wayStep struct {
	user *sys.FD
	id   sys.InodeID
}

// Close closes what Order has opened.
func (w way) Close() error {
	var errs []error
	for _, step := range w {
		errs = append(errs, step.user.Close())
	}
	return errors.Join(errs...)
}

func wayTo(user *sys.FD) (w way, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	for fd, err := user.Dup(); ; fd, err = fd.Parent() {
		if errors.Is(err, sys.ErrOutside) {
			return w, nil
		}
		if err != nil {
			return w, err
		}
		id, err := fd.InodeID()
		if err != nil || procns.Has(kind.User, id) {
			return w, errors.Join(err, fd.Close())
		}
		w = slices.Insert(w, 0, wayStep{fd, id})
	}
}

// order puts each namespace behind the user namespace that owns it.
func (w way) order(namespaces []Join) (joins []Join, err error) {
	owned := make([][]Join, len(w))
	for _, ns := range namespaces {
		owner, err := w.ownerOf(sys.NewFD(ns.FD))
		if err != nil {
			return nil, &Error{Step: Owner, Flag: ns.Flag, Err: err}
		}
		if owner < 0 {
			joins = append(joins, ns)
		} else {
			owned[owner] = append(owned[owner], ns)
		}
	}
	for i, step := range w {
		if len(owned[i]) > 0 || i == len(w)-1 {
			joins = append(joins, Join{FD: step.user.Int(), Flag: kind.User})
			joins = append(joins, owned[i]...)
		}
	}
	return joins, nil
}

// ownerOf returns which step of the way owns a namespace, or -1 if none does. What belongs to a user
// namespace that is below the last one counts as the last one's.
func (w way) ownerOf(ns *sys.FD) (step int, err error) {
	owner, err := ns.UserNamespace()
	for err == nil {
		var id sys.InodeID
		if id, err = owner.InodeID(); err != nil {
			return -1, errors.Join(err, owner.Close())
		}
		if i := slices.IndexFunc(w, func(step wayStep) bool { return step.id == id }); i >= 0 {
			return i, owner.Close()
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
