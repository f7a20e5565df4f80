// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"reflect"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// How links are deleted: those that a test makes in one network namespace are in a device
// group of their own, which one request deletes (rtnetlink(7), IFLA_GROUP). The kernel waits for
// all CPUs to leave a device (synchronize_net) once for each request, some 20 ms:
// three hundred cables take 0.2 s as a group, and 6 s one after the other.

// A batch has the links that a test has made from inside one fixture.
type batch struct {
	fixture *nstest.Fixture
	group   uint32

	mu    sync.Mutex
	links []*Link
}

type batchKey struct {
	tb      testing.TB
	fixture *nstest.Fixture
}

var batches = struct {
	sync.Mutex
	of   map[batchKey]*batch
	last uint32 // group; 0 is that of all other devices
}{of: make(map[batchKey]*batch)}

// undoAtEnd is called before the kernel is asked for the link, so that nothing is lost that
// fails afterwards. It returns the group that the link is to be in.
func (l *Link) undoAtEnd() (group uint32) {
	l.tb.Helper()
	key := batchKey{l.tb, l.fixture}
	known := reflect.ValueOf(l.tb).Comparable() // or else somebody's own, which no map can have for a key
	batches.Lock()
	defer batches.Unlock()
	var b *batch
	if known {
		b = batches.of[key]
	}
	if b == nil {
		batches.last++
		b = &batch{fixture: l.fixture, group: batches.last}
		if known {
			batches.of[key] = b
		}
		l.fixture.Cleanup(l.tb, func() error {
			if known {
				batches.Lock()
				delete(batches.of, key)
				batches.Unlock()
			}
			return b.remove()
		})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.links = append(b.links, l)
	return b.group
}

// remove deletes the links of the group, and those that have been moved away.
func (b *batch) remove() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fixture.Set().Closed() || lifecycle.Keeps(b.fixture.Set()) {
		return nil // they went with their namespace, or stay in it
	}
	errs := []error{b.removeGroup()}
	for _, l := range b.links {
		if l.fixture != b.fixture || l.group != b.group {
			errs = append(errs, l.remove())
		}
	}
	return errors.Join(errs...)
}

// remove deletes the link if it is there.
func (l *Link) remove() error {
	if l.index == 0 || l.fixture.Set().Closed() {
		return nil // never made, or gone with its namespace
	}
	if err := l.fixture.Netlink().LinkDel(l.handle()); err != nil && !errors.Is(err, syscall.ENODEV) {
		return l.failure("delete", err)
	}
	return nil
}

// handle is what package netlink takes for the link.
func (l *Link) handle() netlink.Link {
	return &netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Index: l.index}, LinkType: l.kind}
}
