// SPDX-License-Identifier: Apache-2.0

package report

import (
	"sync"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestSubtestsAreOutside(t *testing.T) {
	ns := nstest.Enter(t, gonso.NS_UTS) // entered here
	t.Run("outside", func(*testing.T) {})
	ns.Run(t, "inside", func(*testing.T) {})
}

func TestSubtestsOfRunAreOutside(t *testing.T) {
	nstest.Run(t, "inside", gonso.NS_UTS, func(t *testing.T) {
		t.Run("outside", func(t *testing.T) { nstest.Here(t) })
	})
}

func TestSubtestsOfDoAreOutside(t *testing.T) {
	ns := nstest.New(t, gonso.NS_UTS)
	ns.Do(func() { // done here
		t.Run("outside", func(*testing.T) {})
	})
	t.Log("goes on")
}

// TestSubtestsWhileDoGoesOn has subtests of its own while another goroutine is inside, and in Do those that are inside.
func TestSubtestsWhileDoGoesOn(t *testing.T) {
	ns := nstest.New(t, gonso.NS_UTS)
	t.Run("beside", func(t *testing.T) {
		inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			ns.For(t).Do(func() {
				close(inside)
				<-leave
			})
		}()
		<-inside
		t.Run("of its own", func(*testing.T) {})
		close(leave)
		<-done
	})
	t.Run("ours", func(t *testing.T) {
		ns.For(t).Do(func() { ns.Run(t, "inside", func(*testing.T) {}) })
	})
}

func TestHereIsNowhere(t *testing.T) { nstest.Here(t) }

// late returns a fixture of a test that has ended.
func late(t *testing.T) (ns *nstest.Fixture) {
	t.Run("owner", func(t *testing.T) { ns = nstest.New(t, gonso.NS_UTS) })
	return ns
}

func TestLate(t *testing.T) {
	late(t).Do(func() {}) // used here
}

func TestLateInside(t *testing.T) {
	ns := late(t)
	here, err := gonso.Current(gonso.NS_UTS)
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	err = here.Do(func() {
		ns.Netlink() // used here
	})
	t.Error("WRONG: went on", err)
}

func TestLateBesideAnother(t *testing.T) {
	nstest.New(t, gonso.NS_UTS)
	ns := late(t)
	t.Run("user", func(t *testing.T) {
		ns.Do(func() {}) // used here
	})
	t.Error("WRONG: went on")
}

func TestLateOnAnotherGoroutine(t *testing.T) {
	ns := late(t)
	var user sync.WaitGroup
	user.Go(func() {
		ns.AddAddress("lo", "192.0.2.1/32") // used here
		t.Error("WRONG: went on")
	})
	user.Wait()
	t.Log("the others go on")
}

// It goes on when its test has ended, and so have all around it.
var straggler = struct{ goes, ended chan struct{} }{make(chan struct{}), make(chan struct{})}

func TestLateStraggler(t *testing.T) {
	ns := nstest.New(t, gonso.NS_UTS)
	go func() {
		defer close(straggler.ended)
		<-straggler.goes
		ns.AddAddress("lo", "192.0.2.1/32") // used here
		t.Error("WRONG: went on")
	}()
}

func TestLateStragglerGoesOn(*testing.T) {
	close(straggler.goes)
	<-straggler.ended
}

func TestLateInCleanup(t *testing.T) {
	var ns *nstest.Fixture
	t.Cleanup(func() {
		ns.Do(func() {}) // used here
	})
	ns = nstest.New(t, gonso.NS_UTS)
}

func TestClosedByItself(t *testing.T) {
	ns := nstest.New(t, gonso.NS_UTS)
	if err := ns.Set().Close(); err != nil {
		t.Error(err)
	}
	ns.Do(func() {}) // used here
}

var _ = Describe("Late", Ordered, func() {
	var ns *nstest.Fixture
	It("makes one", func() { ns = nstest.New(GinkgoTB(), gonso.NS_UTS) })
	It("uses it", func() {
		ns.Do(func() {}) // used in the next spec
	})
})

var _ = Describe("Here", func() {
	It("is nowhere", func() { nstest.Here(GinkgoTB()) })
})

func TestChdirInside(t *testing.T) {
	ns := nstest.New(t, gonso.NS_MNT)
	ns.Do(func() { t.Chdir("/") }) // called here
}

func TestChdirOfASubtestInside(t *testing.T) {
	ns := nstest.New(t, gonso.NS_MNT)
	t.Run("inner", func(t *testing.T) {
		ns.Do(func() { t.Chdir("/") }) // called here
	})
	ns.Do(func() { t.Log("back again") })
}

// TestChdirInSet has no fixture that could notice it.
func TestChdirInSet(t *testing.T) {
	s, err := gonso.Unshare(gonso.NS_MNT)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Do(func() { t.Chdir("/") }); err != nil {
		t.Error(err)
	}
}

func TestUnnamed(t *testing.T) {
	nstest.New(t, gonso.NS_UTS)
	nstest.New(t, gonso.NS_UTS)
	nstest.New(t, gonso.NS_UTS, nstest.Named("uts#2 of mine"))
	t.Fatal("on purpose")
}

func TestCommandIsLogged(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	if err := ns.Command("sh", "-c", "echo said; echo complained >&2").Run(); err != nil {
		t.Error(err)
	}
	if _, err := ns.Command("sh", "-c", "echo mine; echo complained again >&2").Output(); err != nil {
		t.Error(err)
	}
	if err := ns.Command("sleep", "1001").Start(); err != nil {
		t.Error(err)
	}
	t.Error("on purpose")
}

// FuzzFixture passes in its target what fails outside.
func FuzzFixture(f *testing.F) {
	ns := nstest.New(f, gonso.NS_NET)
	f.Add("lo")
	f.Fuzz(func(t *testing.T, _ string) {
		ns.Do(func() {})
		ns.Listen("tcp", ":0")
		if err := ns.For(t).Command("true").Run(); err != nil {
			t.Error(err)
		}
	})
}

func FuzzFails(f *testing.F) {
	ns := nstest.New(f, gonso.NS_NET)
	f.Add("missing")
	f.Fuzz(func(_ *testing.T, name string) {
		ns.AddAddress(name, "192.0.2.1/32") // fails here
	})
}

func FuzzFailsFor(f *testing.F) {
	ns := nstest.New(f, gonso.NS_NET)
	f.Add("missing")
	f.Fuzz(func(t *testing.T, name string) {
		ns.For(t).AddAddress(name, "192.0.2.1/32") // fails here, too
	})
}

func FuzzOutside(f *testing.F) {
	nstest.Enter(f, gonso.NS_NET)
	f.Fuzz(func(*testing.T, string) {})
}
