// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// All that is mounted in here is mounted inside a fixture, and goes with it.
func TestBeMountedAt(t *testing.T) {
	dir := t.TempDir()
	s := nstest.New(t, set.NS_NET|set.NS_UTS).Set()
	other := nstest.New(t, set.NS_NET|set.NS_UTS).Set()
	network, uts := idOf(t, s, set.NS_NET), idOf(t, s, set.NS_UTS)
	otherNetwork, otherUTS := idOf(t, other, set.NS_NET), idOf(t, other, set.NS_UTS)
	nstest.New(t, set.NS_MNT).Do(func() {
		g := NewWithT(t)
		g.Expect(disagrees(t, s, nstest.BeMountedAt(dir))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s %[2]s)
to be mounted at %[3]s
but
    %[3]s/net is not there
    %[3]s/uts is not there`, network, uts, dir)))

		g.Expect(s.Mount(dir)).To(Succeed())
		g.Expect(agrees(t, s, nstest.BeMountedAt(dir))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s %[2]s)
not to be mounted at %[3]s
but
    %[3]s/net is %[1]s
    %[3]s/uts is %[2]s`, network, uts, dir)))
		g.Expect(disagrees(t, other, nstest.BeMountedAt(dir))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s %[2]s)
to be mounted at %[3]s
but
    %[3]s/net is %[4]s, not %[1]s
    %[3]s/uts is %[5]s, not %[2]s`, otherNetwork, otherUTS, dir, network, uts)))

		file := filepath.Join(dir, "other")
		g.Expect(os.WriteFile(file, nil, 0o600)).To(Succeed())
		g.Expect(disagrees(t, other, nstest.BeMountedAt(file))).To(HaveSuffix("\nbut\n    " + file + " is no namespace"))
		g.Expect(other.MountNS(set.NS_UTS, file)).To(Succeed())
		agrees(t, other, nstest.BeMountedAt(file))
		disagrees(t, s, nstest.BeMountedAt(file))
		network, err := other.Dup(set.NS_NET)
		g.Expect(err).NotTo(HaveOccurred())
		defer network.Close()
		g.Expect(disagrees(t, network, nstest.BeMountedAt(file))).To(HaveSuffix("\nbut\n    " + file + " is " + otherUTS))
	})
	// Out here, nothing is mounted.
	NewWithT(t).Expect(disagrees(t, s, nstest.BeMountedAt(filepath.Join(dir, "net")))).To(HaveSuffix(" is no namespace"))
}

func TestFileOfAnotherKindIsNotMounted(t *testing.T) {
	dir := t.TempDir()
	s := nstest.New(t, set.NS_NET|set.NS_UTS).Set()
	nstest.New(t, set.NS_MNT).Do(func() {
		g := NewWithT(t)
		g.Expect(s.MountNS(set.NS_NET, filepath.Join(dir, "net"))).To(Succeed())
		g.Expect(s.MountNS(set.NS_NET, filepath.Join(dir, "uts"))).To(Succeed())
		g.Expect(disagrees(t, s, nstest.BeMountedAt(dir))).To(HaveSuffix(fmt.Sprintf(
			"\nbut\n    %s/uts is %s", dir, idOf(t, s, set.NS_NET))))
	})
}

func TestSymbolicLinkOfProcIsNoMount(t *testing.T) {
	g := NewWithT(t)
	here, err := set.Current(set.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	defer here.Close()
	g.Expect(disagrees(t, here, nstest.BeMountedAt("/proc/thread-self/ns/net"))).To(HaveSuffix(
		"\nbut\n    /proc/thread-self/ns/net is a symbolic link"))
}
