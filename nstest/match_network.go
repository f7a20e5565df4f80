// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"

	"github.com/onsi/gomega/format"
	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// What package netlink has for Linux only (linux/socket.h, linux/netlink.h).
const (
	anyFamily    = 0 // AF_UNSPEC
	netlinkRoute = 0 // NETLINK_ROUTE
)

// withNetlink looks into the network of a matcher's actual.
func withNetlink(matcher string, actual any, look func(*netlink.Handle) error) (err error) {
	handle, ok := actual.(*netlink.Handle)
	if !ok {
		s, e := setOrOf(matcher, "a set.Set, what has a method Set() set.Set such as a *nstest.Fixture, or a *netlink.Handle", actual)
		if e != nil {
			return e
		}
		e = inNetworkOf(s, func() { handle, err = netlink.NewHandle(netlinkRoute) })
		if err = errors.Join(e, err); err != nil {
			return fmt.Errorf("%s matcher: %w", matcher, err)
		}
		defer handle.Close()
	}
	if handle == nil {
		return unexpected(matcher, "a *netlink.Handle", actual)
	}
	// That it is disturbed every time has not been seen, and is an error.
	if err := rtnl.Undisturbed(100, func() error { return look(handle) }); err != nil {
		return fmt.Errorf("%s matcher: %w", matcher, err)
	}
	return nil
}

// inNetworkOf runs f, which leaves its thread as it is, in the Set's network
// namespace, and in none of its others.
func inNetworkOf(s set.Set, f func()) (err error) {
	network, err := s.Dup(set.NS_NET)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	return network.DoRaw(func() bool { f(); return true }, true)
}

// found is the part that the matchers of links, addresses and routes share: of
// all that there is they pick those with the right key, and one of these has to
// satisfy the matchers.
type found struct {
	matchers []types.GomegaMatcher

	others    []string // what there is with another key
	hit       string   // what has the key and satisfies the matchers
	complaint string   // of a matcher about what only has the key
}

// offer takes a thing that has the key.
func (f *found) offer(thing any, line string) error {
	for _, matcher := range f.matchers {
		ok, err := matcher.Match(thing)
		if err != nil {
			return err
		}
		if !ok {
			f.complaint = matcher.FailureMessage(thing)
			return nil
		}
	}
	f.hit = line
	return nil
}

// again forgets what was found before.
func (f *found) again() { *f = found{matchers: f.matchers} }

func (f *found) success() bool { return f.hit != "" }

func (f *found) failureMessage(actual any, what string) string {
	if f.complaint != "" {
		return fmt.Sprintf("Wrong %s of\n%s\n%s", what, format.Object(actual, 1), f.complaint)
	}
	has := f.others
	if len(has) == 0 {
		has = []string{"nothing"}
	}
	return format.Message(actual, "to have the "+what) + "\nIt has\n" + lines(has)
}

func (f *found) negatedFailureMessage(actual any, what string) string {
	return format.Message(actual, "not to have the "+what) + "\nIt has\n" + lines([]string{f.hit})
}

// deviceNames has the names of all links by index.
func deviceNames(nl *netlink.Handle) (map[int]string, error) {
	list, err := nl.LinkList()
	if err != nil {
		return nil, err
	}
	names := make(map[int]string, len(list))
	for _, link := range list {
		names[link.Attrs().Index] = link.Attrs().Name
	}
	return names, nil
}
