// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

func TestSettingsAreTheFixtures(t *testing.T) {
	g := NewWithT(t)
	a, b := nstest.New(t, set.NS_NET|set.NS_UTS|set.NS_IPC), nstest.New(t, set.NS_NET)
	g.Expect(a.Netlink().LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0.100"}})).To(Succeed())
	for _, c := range []struct{ set, read, value string }{
		{"net.ipv4.ip_forward", "net/ipv4/ip_forward", "1"},
		{"net/ipv4/conf/br0.100/forwarding", "net.ipv4.conf.br0/100.forwarding", "0"},
		{"kernel.hostname", "kernel/hostname", "inside"},
		{"kernel/domainname", "kernel.domainname", "example"},
		{"kernel.shmmni", "kernel.shmmni", "17"},
		{"net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_local_reserved_ports", "1,3,5"},
	} {
		a.SetSysctl(c.set, c.value)
		g.Expect(a.Sysctl(c.read)).To(Equal(c.value), c.read)
	}
	g.Expect(b.Sysctl("net.ipv4.ip_forward")).To(Equal("0"))
}

func TestASettingThatCannotBeHadSaysWhy(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	for name, want := range map[string]string{
		"vm.swappiness":                           `set sysctl vm\.swappiness to "1": it is no setting of a network, uts or ipc namespace, but the whole machine's`,
		"kernel.hostname":                         `the fixture has no uts namespace, only net`,
		"net.ipv4.no_such":                        `no such file or directory: this kernel has no such setting for a namespace`,
		"net.ipv4.tcp_allowed_congestion_control": `permission denied: the kernel lets only root of the machine do so`,
		"net/../vm/swappiness":                    `that is no name of a setting`,
		"":                                        `that is no name of a setting`,
	} {
		text := failure.Text(t, func(tb testing.TB) { ns.For(tb).SetSysctl(name, "1") })
		NewWithT(t).Expect(text).To(MatchRegexp(want), name)
	}
	text := failure.Text(t, func(tb testing.TB) { ns.For(tb).SetSysctl("net.ipv4.ip_forward", "perhaps") })
	NewWithT(t).Expect(text).To(ContainSubstring("invalid argument: the kernel takes no such value"))
	text = failure.Text(t, func(tb testing.TB) { ns.For(tb).Sysctl("net.ipv4.no_such") })
	NewWithT(t).Expect(text).To(HavePrefix("nstest: net: read sysctl net.ipv4.no_such: open /proc/sys/"))
}

func TestNetNSAndPathAreTheFixturesNamespace(t *testing.T) {
	g := NewWithT(t)
	var fd int
	var id string
	t.Run("inner", func(t *testing.T) {
		g := NewWithT(t)
		ns := nstest.New(t, set.NS_NET)
		fd, id = ns.NetNS(), ns.ID(set.NS_NET)
		g.Expect(ns.NetNS()).To(Equal(fd))
		g.Expect(os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))).To(Equal(ns.ID(set.NS_NET)))
		g.Expect(os.Readlink(ns.Path())).To(Equal(ns.ID(set.NS_NET)))
		other := nstest.New(t, set.NS_NET)
		out, err := other.Command("readlink", ns.Path()).Output() // another process
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(out)).To(Equal(ns.ID(set.NS_NET) + "\n"))
	})
	// A namespace that is made ahead may have the number by now.
	if after, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil {
		g.Expect(after).NotTo(Equal(id))
	}
	text := failure.Text(t, func(tb testing.TB) { nstest.New(tb, set.NS_UTS).NetNS() })
	g.Expect(text).To(ContainSubstring("the fixture has no net namespace, only uts"))
}

func TestNamedNetNSHasItsNameInside(t *testing.T) {
	need.Tool(t, "ip", "iproute2")
	g := NewWithT(t)
	router := nstest.NamedNetNS(t, "router")
	server := nstest.NamedNetNS(t, "server", nstest.Sharing(router, set.NS_MNT))
	for _, from := range []*nstest.Fixture{router, server} {
		for _, to := range []*nstest.Fixture{router, server} {
			out, err := from.Command("ip", "netns", "exec", to.Name(), "readlink", "/proc/self/ns/net").CombinedOutput()
			g.Expect(err).NotTo(HaveOccurred(), string(out))
			g.Expect(string(out)).To(Equal(to.ID(set.NS_NET) + "\n"))
		}
	}
	t.Run("a name that goes", func(t *testing.T) {
		nstest.NamedNetNS(t, "gone", nstest.Sharing(router, set.NS_MNT))
	})
	out, err := router.Command("ls", "/run/netns").Output()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(Equal("router\nserver\n"))
	g.Expect("/run/netns/router").NotTo(BeAnExistingFile(), "outside")

	for name, want := range map[string]string{
		"router": "give the network namespace its name: /run/netns/router: file already exists",
		"a/b":    `nstest: NamedNetNS: "a/b" is no name of a file`,
		"..":     `nstest: NamedNetNS: ".." is no name of a file`,
	} {
		text := failure.Text(t, func(tb testing.TB) { nstest.NamedNetNS(tb, name, nstest.Sharing(router, set.NS_MNT)) })
		g.Expect(text).To(ContainSubstring(want))
	}
}

func TestMoveLink(t *testing.T) {
	g := NewWithT(t)
	a, b := nstest.New(t, set.NS_NET, nstest.Named("a")), nstest.New(t, set.NS_NET, nstest.Named("b"))
	veth := func() *netlink.Veth {
		return &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "eth1"}
	}
	g.Expect(a.Netlink().LinkAdd(veth())).To(Succeed())
	a.MoveLink("eth0", b)
	g.Expect(b).To(nstest.HaveLink("eth0"))
	g.Expect(a).NotTo(nstest.HaveLink("eth0"))
	for _, c := range []struct{ name, want string }{
		{"eth0", "nstest: a: move eth0 to b: Link not found"},
		{"lo", "nstest: a: move lo to b: invalid argument: links of its kind, such as lo, cannot be moved"},
	} {
		text := failure.Text(t, func(tb testing.TB) { a.For(tb).MoveLink(c.name, b) })
		g.Expect(text).To(Equal(c.want))
	}
	b.MoveLink("eth0", a)
	g.Expect(b.Netlink().LinkAdd(veth())).To(Succeed())
	text := failure.Text(t, func(tb testing.TB) { a.For(tb).MoveLink("eth0", b) })
	g.Expect(text).To(Equal("nstest: a: move eth0 to b: file exists: a link there has that name: rename one"))
}

func TestBeInNetNS(t *testing.T) {
	g := NewWithT(t)
	ns, other := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	l := ns.Listen("tcp", "127.0.0.1:80")
	id, addresses := idOf(t, ns.Set(), set.NS_NET), regexp.MustCompile(`0x[0-9a-f]+`)
	want := func(not, set string) string {
		return "Expected\n    <string>: tcp socket 127.0.0.1:80 in " + id + "\n" + not +
			"to be in the network namespace of\n    <set.Set>: " + set
	}
	g.Expect(agrees(t, l, nstest.BeInNetNS(ns.Set()))).To(Equal(want("not ", ns.Set().String())))
	g.Expect(disagrees(t, l, nstest.BeInNetNS(other.Set()))).To(Equal(want("", other.Set().String())))
	conn, err := ns.DialContext(t.Context(), "tcp", "127.0.0.1:80")
	g.Expect(err).NotTo(HaveOccurred())
	defer conn.Close()
	agrees(t, conn, nstest.BeInNetNS(ns))
	agrees(t, ns.ListenPacket("udp", "127.0.0.1:53"), nstest.BeInNetNS(ns))
	file, err := l.(*net.TCPListener).File()
	g.Expect(err).NotTo(HaveOccurred())
	defer file.Close()
	agrees(t, file, nstest.BeInNetNS(ns))
	agrees(t, int(file.Fd()), nstest.BeInNetNS(ns))

	g.Expect(addresses.ReplaceAllString(refuses(t, "no socket", nstest.BeInNetNS(ns)), "#")).To(Equal(
		"BeInNetNS matcher expects a socket, such as a net.Conn, a net.Listener or a descriptor.  Got:\n    <string>: no socket"))
	g.Expect(refuses(t, l, nstest.BeInNetNS(7))).To(HavePrefix("BeInNetNS matcher expects a set.Set"))
	null, err := os.Open(os.DevNull)
	g.Expect(err).NotTo(HaveOccurred())
	defer null.Close()
	g.Expect(refuses(t, null, nstest.BeInNetNS(ns))).To(Equal("BeInNetNS matcher: socket operation on non-socket"))
}
