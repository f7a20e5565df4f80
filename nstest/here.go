// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Here returns the fixture that the test runs in, by [Enter], [Run], [Fixture.Run],
// [InProcess] or, for nodes of Ginkgo, [Inside]:
//
//	It("has a bridge", func() {
//		nstest.Here(GinkgoTB()).Netlink().LinkAdd(...)
//	})
//
// If the test has entered several fixtures, one after another, Here returns one that stands for all of them: of
// each kind, it has the namespace that was entered last. If the test runs in no fixture, Here fails it.
func Here(tb testing.TB) *Fixture {
	needTest(tb, "Here")
	tb.Helper()
	var instances []*instance
	if lifecycle.IsGinkgo(tb) {
		instances = runningSpec().inside()
	} else {
		instances = stays.instances(tb)
	}
	if len(instances) == 0 {
		text := "nstest: Here: this test runs in no fixture: call Enter before, start it with Run, or decorate its container with Inside"
		if stays.around(tb.Name()) {
			text = "nstest: Here: this subtest runs outside of the fixture that the test around it has entered, " +
				"since t.Run starts a goroutine: start it with Fixture.Run, or with nstest.Run for namespaces of its own"
		}
		tb.Fatal(text)
	}
	return instances[len(instances)-1].with(tb, instances[:len(instances)-1])
}

// For returns the fixture for another test than the one that it was made for. If a method of the result fails,
// that ends tb, which has to be the test of the calling goroutine; what the methods open is closed when tb
// ends. The fixture still ends with its own test.
//
//	func FuzzServer(f *testing.F) {
//		ns := nstest.New(f, gonso.NS_NET)
//		f.Fuzz(func(t *testing.T, request []byte) {
//			conn := ns.For(t).Listen("tcp", ":80")
//			...
//		})
//	}
func (f *Fixture) For(tb testing.TB) *Fixture {
	needTest(tb, "Fixture.For")
	tb.Helper()
	other := &Fixture{tb: tb}
	other.now.Store(f.made(tb))
	return other
}

// with returns the fixture of the instance and of those around, where they have kinds that the
// instance lacks.
func (in *instance) with(tb testing.TB, around []*instance) *Fixture {
	tb.Helper()
	flags := in.Set.Flags()
	for _, other := range around {
		flags |= other.Set.Flags()
	}
	if flags != in.Set.Flags() {
		whole, err := in.merged(around)
		if err != nil {
			tb.Fatalf("nstest: %s: %v", in.Name, err)
		}
		in = whole
	}
	f := &Fixture{tb: tb}
	f.now.Store(in)
	return f
}

// merged returns an instance with the Sets of all, which is closed with this one.
func (in *instance) merged(around []*instance) (*instance, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.whole != nil {
		return in.whole, nil
	}
	all, err := around[0].Set.Dup(0)
	for _, next := range append(around[1:], in) {
		if err != nil {
			break
		}
		var both set.Set
		both, err = all.Merge(next.Set)
		err = errors.Join(err, all.Close())
		all = both
	}
	if err != nil {
		return nil, errors.Join(err, all.Close())
	}
	in.whole = instanceOf(in.With(all))
	return in.whole, nil
}
