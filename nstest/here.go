// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Here returns the fixture that the test runs in, by [Enter], [Run], [Fixture.Run],
// [InProcess] or, for nodes of Ginkgo, [Inside]:
//
//	It("has a bridge", func() {
//		nstest.Here(GinkgoTB()).Netlink().LinkAdd(...)
//	})
//
// If it runs in several, those are one for Here: the kinds that it has entered last count.
// If it runs in none, Here fails it.
func Here(tb testing.TB) *Fixture {
	tb.Helper()
	var rooms []*room
	if _, is := tb.(*ginkgo.GinkgoTBWrapper); is {
		rooms = runningSpec().inside()
	} else {
		rooms = stays.rooms(tb)
	}
	if len(rooms) == 0 {
		text := "nstest: Here: this test runs in no fixture: call Enter before, start it with Run, or decorate its container with Inside"
		if stays.around(tb.Name()) {
			text = "nstest: Here: this subtest runs outside of the fixture that the test around it has entered, " +
				"since t.Run starts a goroutine: start it with Fixture.Run, or with nstest.Run for namespaces of its own"
		}
		tb.Fatal(text)
	}
	return rooms[len(rooms)-1].with(tb, rooms[:len(rooms)-1])
}

// For returns the fixture for another test than the one that it was made for: what fails in
// its methods ends tb, which is to be the test of the calling goroutine, and what they open
// is closed when tb ends. The fixture still ends with its own test.
//
//	func FuzzServer(f *testing.F) {
//		ns := nstest.New(f, gonso.NS_NET)
//		f.Fuzz(func(t *testing.T, request []byte) {
//			conn := ns.For(t).Listen("tcp", ":80")
//			...
//		})
//	}
func (f *Fixture) For(tb testing.TB) *Fixture {
	tb.Helper()
	other := &Fixture{tb: tb}
	other.now.Store(f.made(tb))
	return other
}

// with returns the fixture of the room and of those around, where they have kinds that the
// room lacks.
func (r *room) with(tb testing.TB, around []*room) *Fixture {
	tb.Helper()
	flags := r.set.Flags()
	for _, other := range around {
		flags |= other.set.Flags()
	}
	if flags != r.set.Flags() {
		whole, err := r.merged(around)
		if err != nil {
			tb.Fatalf("nstest: %s: %v", r.name, err)
		}
		r = whole
	}
	f := &Fixture{tb: tb}
	f.now.Store(r)
	return f
}

// merged returns a room with the Sets of all, which is closed with this one.
func (r *room) merged(around []*room) (*room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.whole != nil {
		return r.whole, nil
	}
	all, err := around[0].set.Dup(0)
	for _, next := range append(around[1:], r) {
		if err != nil {
			break
		}
		var both set.Set
		both, err = all.Merge(next.set)
		err = errors.Join(err, all.Close())
		all = both
	}
	if err != nil {
		return nil, errors.Join(err, all.Close())
	}
	r.whole = &room{tb: r.tb, owner: r.owner, name: r.name, set: all, own: all, group: r.group, at: r.at, usual: r.usual}
	return r.whole, nil
}
