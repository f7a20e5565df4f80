// SPDX-License-Identifier: Apache-2.0

package container_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// mixes are kinds that a goroutine can be in, alone and together.
var mixes = []int{
	gonso.NS_NET, gonso.NS_MNT, gonso.NS_UTS, gonso.NS_IPC, gonso.NS_CGROUP,
	gonso.NS_NET | gonso.NS_MNT,
	gonso.NS_NET | gonso.NS_MNT | gonso.NS_UTS | gonso.NS_IPC | gonso.NS_CGROUP,
}

// beNew expects the calling goroutine to be in namespaces that the process is not in.
func beNew(g *WithT, flags int, process set.Set) {
	here, err := set.Current(flags)
	g.Expect(err).NotTo(HaveOccurred())
	defer here.Close()
	g.Expect(here).To(nstest.BeIsolatedFrom(process, set.Kinds(flags)...))
	if flags&gonso.NS_MNT != 0 {
		g.Expect(unix.Mount("tmpfs", os.TempDir(), "tmpfs", 0, "size=64k")).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(os.TempDir(), "file"), nil, 0o600)).To(Succeed())
		g.Expect(unix.Unmount(os.TempDir(), 0)).To(Succeed())
	}
	if flags&gonso.NS_UTS != 0 {
		g.Expect(unix.Sethostname([]byte("inside"))).To(Succeed())
	}
}

func TestEachKindAndMix(t *testing.T) {
	for _, flags := range mixes {
		t.Run(set.KindNames(flags), func(t *testing.T) {
			process, err := set.Current(flags)
			NewWithT(t).Expect(err).NotTo(HaveOccurred())
			t.Cleanup(func() { NewWithT(t).Expect(process.Close()).To(Succeed()) })
			f := nstest.New(t, flags)
			f.Do(func() { beNew(NewWithT(t), flags, process) })
			nstest.Run(t, "Run", flags, func(t *testing.T) { beNew(NewWithT(t), flags, process) })
			t.Run("Enter", func(t *testing.T) {
				nstest.Enter(t, flags)
				beNew(NewWithT(t), flags, process)
			})
			t.Run("Raw", func(t *testing.T) {
				nstest.New(t, flags, nstest.Raw()).Do(func() { beNew(NewWithT(t), flags, process) })
			})
		})
	}
}

// outsideVar has the pid namespace of who runs the tests, also for processes of theirs.
const outsideVar = "CONTAINER_TEST_OUTSIDE"

func TestEachKindInAProcess(t *testing.T) {
	const own = "/proc/self/ns/pid"
	if _, inside := os.LookupEnv(outsideVar); !inside {
		id, err := os.Readlink(own)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		t.Setenv(outsideVar, id)
	}
	for _, flags := range append(mixes, gonso.NS_USER, gonso.NS_PID, gonso.NS_TIME,
		gonso.NS_USER|gonso.NS_PID|gonso.NS_MNT|gonso.NS_NET) {
		nstest.InProcess(t, set.KindNames(flags), flags, func(t *testing.T) {
			g := NewWithT(t)
			if flags&gonso.NS_PID != 0 {
				g.Expect(os.Readlink(own)).NotTo(Equal(os.Getenv(outsideVar)))
			}
			if flags&gonso.NS_USER != 0 {
				g.Expect(os.Getuid()).To(BeZero())
			}
			nstest.Enter(t, gonso.NS_UTS)
			g.Expect(unix.Sethostname([]byte("deeper"))).To(Succeed())
		})
	}
}

var _ = Describe("a spec of one's own", nstest.Inside(gonso.NS_NET|gonso.NS_MNT), func() {
	for range 2 {
		It("is inside", func() {
			Expect(unix.Mount("tmpfs", os.TempDir(), "tmpfs", 0, "size=64k")).To(Succeed())
			Expect(os.ReadDir(os.TempDir())).To(BeEmpty())
		})
	}
})
