// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestAFixtureHasHostsAndAResolverOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	before, err := os.ReadFile("/etc/hosts")
	g.Expect(err).NotTo(HaveOccurred())
	f := nstest.New(t, gonso.NS_NET|gonso.NS_MNT)
	f.Hosts("192.0.2.1 first\n")
	f.Hosts("192.0.2.2 second\n")
	f.Resolver("nameserver 192.0.2.53\n")
	out, err := f.Set().Command(t.Context(), "cat", "/etc/hosts", "/etc/resolv.conf").Output()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(Equal("192.0.2.2 second\nnameserver 192.0.2.53\n"))
	addresses, err := f.Set().LookupNetIP(t.Context(), "ip4", "second")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(addresses).To(HaveLen(1))
	after, err := os.ReadFile("/etc/hosts")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(after).To(Equal(before))
}

func TestHostsTakesAMountNamespace(t *testing.T) {
	text := failure.Text(t, func(tb testing.TB) { nstest.New(tb, gonso.NS_NET).Hosts("192.0.2.1 host\n") })
	if !strings.Contains(text, "the fixture has no mount namespace, only net") {
		t.Error(text)
	}
}

// A process in a new user namespace may copy no mount of the mount namespace that it has stayed in.
func TestHostsInAProcessWithAUserNamespace(t *testing.T) {
	nstest.InProcess(t, "inside", gonso.NS_USER, func(t *testing.T) {
		g := NewWithT(t)
		f := nstest.New(t, gonso.NS_MNT)
		f.Hosts("192.0.2.1 host\n")
		g.Expect(f.Command("cat", "/etc/hosts").Output()).To(Equal([]byte("192.0.2.1 host\n")))
	})
}

func TestAResolverIsNoAddress(t *testing.T) {
	text := failure.Text(t, func(tb testing.TB) {
		nstest.New(tb, gonso.NS_NET|gonso.NS_MNT, nstest.Named("ns")).Resolver("192.0.2.53\n")
	})
	if !strings.Contains(text, `nstest: ns: Resolver("192.0.2.53\n"): it takes the lines of a resolv.conf(5): "nameserver 192.0.2.53\n"`) {
		t.Error(text)
	}
}

func TestANamespaceIsNewOrShared(t *testing.T) {
	text := failure.Text(t, func(tb testing.TB) {
		nstest.New(tb, gonso.NS_NET, nstest.Sharing(nstest.New(tb, gonso.NS_NET), gonso.NS_NET))
	})
	if !strings.Contains(text, "namespaces of kind net are to be both new and shared") {
		t.Error(text)
	}
}

func TestFixturesShareNamespaces(t *testing.T) {
	g := NewWithT(t)
	files := nstest.New(t, gonso.NS_MNT)
	a := nstest.New(t, gonso.NS_NET, nstest.Sharing(files, gonso.NS_MNT))
	b := nstest.New(t, gonso.NS_NET, nstest.Sharing(files, gonso.NS_MNT))
	g.Expect(a).To(nstest.ShareNamespaces(b, gonso.NS_MNT))
	g.Expect(a).To(nstest.BeIsolatedFrom(b, gonso.NS_NET))
	g.Expect(a).To(nstest.HaveNamespaces(gonso.NS_NET | gonso.NS_MNT))
}
