// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// entries are the ways of a plain test into a mount namespace. Each runs inside as a subtest.
var entries = map[string]func(t *testing.T, inside func(t *testing.T)){
	"Enter": func(t *testing.T, inside func(t *testing.T)) {
		t.Run("inside", func(t *testing.T) {
			nstest.Enter(t, set.NS_MNT)
			inside(t)
		})
	},
	"Enter after TempDir": func(t *testing.T, inside func(t *testing.T)) {
		t.Run("inside", func(t *testing.T) {
			t.TempDir()
			nstest.Enter(t, set.NS_MNT)
			inside(t)
		})
	},
	"Fixture.Enter": func(t *testing.T, inside func(t *testing.T)) {
		ns := nstest.New(t, set.NS_MNT)
		t.Run("inside", func(t *testing.T) {
			ns.Enter(t)
			inside(t)
		})
	},
	"Run": func(t *testing.T, inside func(t *testing.T)) { nstest.Run(t, "inside", set.NS_MNT, inside) },
	"Fixture.Run": func(t *testing.T, inside func(t *testing.T)) {
		nstest.New(t, set.NS_MNT).Run(t, "inside", inside)
	},
}

func TestAFixtureIsEnteredUntilItsTestEnds(t *testing.T) {
	need.Tool(t, "ip", "iproute2")
	g := NewWithT(t)
	named := nstest.NamedNetNS(t, "named")
	named.Enter(t)
	g.Expect(nstest.Here(t)).To(nstest.ShareNamespaces(named))
	g.Expect(os.Readlink("/proc/thread-self/ns/net")).To(Equal(named.ID(set.NS_NET)))
	names, err := exec.Command("ip", "netns", "list").Output()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(names)).To(HavePrefix("named"))
}

func TestTempDirGoesWithWhatIsMountedInIt(t *testing.T) {
	for name, enter := range entries {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			elsewhere := t.TempDir()
			g.Expect(os.WriteFile(filepath.Join(elsewhere, "kept"), nil, 0o600)).To(Succeed())
			var dirs []string
			enter(t, func(t *testing.T) {
				g := NewWithT(t)
				stacked, deep, bound := t.TempDir(), t.TempDir(), t.TempDir()
				dirs = []string{stacked, deep, bound}
				for range 2 {
					g.Expect(unix.Mount("mine", stacked, "tmpfs", 0, "")).To(Succeed())
				}
				for range 3 {
					g.Expect(unix.Mount("mine", deep, "tmpfs", 0, "")).To(Succeed())
					deep = filepath.Join(deep, "deeper")
					g.Expect(os.Mkdir(deep, 0o700)).To(Succeed())
				}
				g.Expect(unix.Mount(elsewhere, bound, "", unix.MS_BIND, "")).To(Succeed())
				g.Expect(filepath.Join(bound, "kept")).To(BeAnExistingFile())
			})
			g.Expect(dirs).To(HaveLen(3))
			for _, dir := range dirs {
				g.Expect(dir).NotTo(BeADirectory())
			}
			g.Expect(filepath.Join(elsewhere, "kept")).To(BeAnExistingFile(), "what was mounted is not the folder's")
		})
	}
}

// A test that unmounts what it has mounted is left alone.
func TestMountsAreThereInCleanups(t *testing.T) {
	for name, enter := range entries {
		t.Run(name, func(t *testing.T) {
			enter(t, func(t *testing.T) {
				g := NewWithT(t)
				dir := t.TempDir()
				g.Expect(unix.Mount("mine", dir, "tmpfs", 0, "")).To(Succeed())
				g.Expect(os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600)).To(Succeed())
				t.Cleanup(func() {
					g.Expect(filepath.Join(dir, "mine")).To(BeAnExistingFile())
					g.Expect(unix.Unmount(dir, 0)).To(Succeed())
				})
			})
		})
	}
}

// Where there is no temporary folder to be had, a test that wants none can do without.
func TestEnterNeedsNoTempDir(t *testing.T) {
	t.Setenv("GOTMPDIR", filepath.Join(t.TempDir(), "missing"))
	nstest.Run(t, "inside", set.NS_MNT, func(*testing.T) {})
}

func TestChdirAfterEnterIsUndone(t *testing.T) {
	g := NewWithT(t)
	before, err := unix.Getwd()
	g.Expect(err).NotTo(HaveOccurred())
	for name, enter := range entries {
		t.Run(name, func(t *testing.T) {
			enter(t, func(t *testing.T) {
				g := NewWithT(t)
				t.Chdir(t.TempDir())
				var other string
				var others sync.WaitGroup
				others.Go(func() { other, err = unix.Getwd() })
				others.Wait()
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(other).To(Equal(before), "the goroutine alone is moved")
			})
			g := NewWithT(t)
			g.Expect(unix.Getwd()).To(Equal(before))
		})
	}
}

func TestFixtureRunSharesTheNamespaces(t *testing.T) {
	g := NewWithT(t)
	outside := here(g, "uts")
	ns := nstest.New(t, set.NS_UTS)
	for range 2 {
		g.Expect(ns.Run(t, "inside", func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(here(g, "uts")).To(SatisfyAll(Equal(ns.ID(set.NS_UTS)), Not(Equal(outside))))
			g.Expect(nstest.Here(t).Run(t, "deeper", func(t *testing.T) {
				NewWithT(t).Expect(here(NewWithT(t), "uts")).To(Equal(ns.ID(set.NS_UTS)))
			})).To(BeTrue())
		})).To(BeTrue())
	}
	ns.Run(t, "parallel", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		g.Expect(here(g, "uts")).To(Equal(ns.ID(set.NS_UTS)))
	})
}

// Subtests that nstest starts are where they say.
func TestEnterKnowsItsOwnSubtests(t *testing.T) {
	ns := nstest.Enter(t, set.NS_UTS)
	ns.Run(t, "same", func(*testing.T) {})
	nstest.Run(t, "own", set.NS_UTS, func(*testing.T) {})
	nstest.InProcess(t, "process", set.NS_UTS, func(*testing.T) {})
}

func TestHereIsWhereTheTestIs(t *testing.T) {
	g := NewWithT(t)
	net := nstest.Enter(t, set.NS_NET)
	g.Expect(nstest.Here(t).ID(set.NS_NET)).To(Equal(net.ID(set.NS_NET)))
	uts := nstest.Enter(t, set.NS_UTS)
	both := nstest.Here(t)
	g.Expect(both.ID(set.NS_NET)).To(Equal(net.ID(set.NS_NET)))
	g.Expect(both.ID(set.NS_UTS)).To(Equal(uts.ID(set.NS_UTS)))
	g.Expect(nstest.Here(t).Set()).To(Equal(both.Set()), "it is made once")
	both.AddAddress("lo", "192.0.2.1/32")
	both.Do(func() {
		g.Expect(here(g, "net")).To(Equal(net.ID(set.NS_NET)))
		g.Expect(here(g, "uts")).To(Equal(uts.ID(set.NS_UTS)))
	})
	var inner set.Set
	net.Run(t, "inside", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(nstest.Here(t).Set().Flags()).To(Equal(set.NS_NET))
		nstest.Enter(t, set.NS_UTS)
		inner = nstest.Here(t).Set()
		g.Expect(inner.Flags()).To(Equal(set.NS_NET | set.NS_UTS))
	})
	g.Expect(inner.Closed()).To(BeTrue())
}

// Where TestMain does not call Main, nothing keeps tests off the main thread.
func TestATestOnTheMainThreadLeavesItToEnter(t *testing.T) {
	cmd := suite(t, forgottenSuite, "-test.run=^TestEnterOnTheMainThread$")
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "NSTEST_ROOTLESS=off")
	out, code := run(t, cmd)
	NewWithT(t).Expect(code).To(BeZero(), out)
}
