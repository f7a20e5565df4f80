// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A Watch follows a network namespace: its links, addresses, routes, rules and neighbours.
//
// The kernel says what has changed (rtnetlink(7)), and the Watch looks again at the sections that this is about. So what it
// tells is in the words of a [State], and nothing is missed for good where the kernel says more than there is room for. What has
// changed back meanwhile, in a millisecond or so, goes unseen.
type Watch struct {
	subject Subject
	others  func() []set.Set
	changed func(time.Time, []tracedata.Change, []Link)
	events  *nl.NetlinkSocket
	handle  *netlink.Handle
	done    chan struct{}

	mu        sync.Mutex
	links     []Link
	elsewhere map[int]string // the namespaces that links lead to
	history   history
	closed    bool
	err       error // of the last look
}

// groups are what the kernel tells of, and which sections that is about.
var groups = []uint{
	unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
	unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE, unix.RTNLGRP_NEIGH,
}

// A part is what is looked at together.
type part int

const (
	linkPart part = 1 << iota // and addresses
	routePart
	rulePart
	neighbourPart
	allParts = linkPart | routePart | rulePart | neighbourPart
)

// partOf returns what a message is about. The kernel does not say of each route that it goes with its link or its address.
func partOf(kind uint16) part {
	switch kind {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK, unix.RTM_NEWADDR, unix.RTM_DELADDR:
		return linkPart | routePart | neighbourPart
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		return routePart
	case unix.RTM_NEWRULE, unix.RTM_DELRULE:
		return rulePart
	case unix.RTM_NEWNEIGH, unix.RTM_DELNEIGH:
		return neighbourPart
	}
	return 0
}

// WatchNetwork begins to watch the Set's network namespace. Before it returns, changed is called with all that is there,
// and from then on with what has changed, and with the links as they are: by one call after the other, by a goroutine of the
// Watch, or by one that calls Look. It must not call the Watch. Other Sets that links may lead to are those of others.
func WatchNetwork(s set.Set, others func() []set.Set, changed func(time.Time, []tracedata.Change, []Link)) (w *Watch, err error) {
	w = &Watch{subject: Subject{Set: s}, others: others, changed: changed, done: make(chan struct{})}
	err = inside.DoIn(s, set.NS_NET, func() error {
		if w.events, err = nl.Subscribe(unix.NETLINK_ROUTE, groups...); err != nil {
			return err
		}
		w.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		return err
	})
	if err == nil {
		err = w.Look()
	}
	if err != nil {
		w.free()
		return nil, fmt.Errorf("watch the network of %v: %w", s, err)
	}
	go w.run()
	return w, nil
}

func (w *Watch) free() {
	if w.events != nil {
		w.events.Close()
	}
	if w.handle != nil {
		w.handle.Close()
	}
}

// Close ends the watch. Nothing is told once it has returned. It returns what has kept the Watch from looking, if anything has.
func (w *Watch) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.events.Close()
	<-w.done
	w.handle.Close()
	return w.err
}

// Look looks at everything now.
func (w *Watch) Look() error { return w.look(allParts) }

func (w *Watch) run() {
	defer close(w.done)
	var last time.Time
	for {
		parts, err := w.receive(0)
		// What comes shortly after something else is looked at together with what follows.
		for until := last.Add(gather); err == nil && time.Now().Before(until); {
			var more part
			more, err = w.receive(gather)
			parts |= more
		}
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			return
		}
		last = time.Now()
		if err := w.look(parts); err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return
		} // or else what it was interrupted by is still to be told
	}
}

// gather is how long more is waited for.
const gather = time.Millisecond

// receive returns what changes are about that the kernel tells of, or unix.EAGAIN when the time is up, if that is not 0.
func (w *Watch) receive(limit time.Duration) (parts part, err error) {
	wait := unix.NsecToTimeval(int64(limit))
	if err := w.events.SetReceiveTimeout(&wait); err != nil {
		return 0, err
	}
	messages, _, err := w.events.Receive()
	if errors.Is(err, unix.ENOBUFS) {
		return allParts, nil
	}
	for _, m := range messages {
		parts |= partOf(m.Header.Type)
	}
	return parts, err
}

// look finds what has changed.
func (w *Watch) look(what part) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return os.ErrClosed
	}
	var changes []tracedata.Change
	var errs []error
	if what&linkPart != 0 {
		list, err := w.listLinks()
		if err == nil {
			w.links = list
			links, addresses := w.history.links(list, namesOf(list))
			changes = append(w.history.changes("links", links), w.history.changes("addresses", addresses)...)
		}
		errs = append(errs, err)
	}
	names := namesOf(w.links)
	for _, section := range []struct {
		part part
		name string
		list func() ([]thing, error)
	}{
		{routePart, "routes", func() ([]thing, error) { list, err := listRoutes(w.handle); return routeThings(list, names), err }},
		{rulePart, "rules", func() ([]thing, error) { list, err := listRules(w.handle); return ruleThings(list), err }},
		{neighbourPart, "neighbours", func() ([]thing, error) {
			list, err := listNeighbours(w.handle)
			return neighbourThings(list, names), err
		}},
	} {
		if what&section.part == 0 {
			continue
		}
		var things []thing
		err := rtnl.Undisturbed(tries, func() (err error) { things, err = section.list(); return err })
		if err == nil {
			changes = append(changes, w.history.changes(section.name, things)...)
		}
		errs = append(errs, err)
	}
	if len(changes) > 0 {
		w.changed(time.Now(), changes, slices.Clone(w.links)) // not before anything that has caused a change
	}
	w.err = errors.Join(errs...)
	return w.err
}

// tries is how often a list is asked for that changes meanwhile.
const tries = 5

func namesOf(links []Link) map[int]string { return (&State{Links: links}).linkNames() }

// listLinks lists the links. Which namespaces they lead to is asked where that is not known.
func (w *Watch) listLinks() (list []Link, err error) {
	err = rtnl.Undisturbed(tries, func() (err error) { list, err = w.listLinksOnce(); return err })
	return list, err
}

func (w *Watch) listLinksOnce() ([]Link, error) {
	all, err := w.handle.LinkList()
	addresses, addressErr := w.handle.AddrList(nil, netlink.FAMILY_ALL)
	unknown := slices.ContainsFunc(all, func(l netlink.Link) bool {
		id := l.Attrs().NetNsID
		return id >= 0 && w.elsewhere[id] == ""
	})
	var whereErr error
	if unknown {
		w.subject.Others = w.others()
		w.elsewhere, whereErr = w.subject.namespaces(w.handle)
		for _, l := range all {
			if id := l.Attrs().NetNsID; id >= 0 && w.elsewhere[id] == "" {
				w.elsewhere[id] = elsewhereUnknown
			}
		}
	}
	return linksOf(all, addresses, w.elsewhere), errors.Join(err, addressErr, whereErr)
}
