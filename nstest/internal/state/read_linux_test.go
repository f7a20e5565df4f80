// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

const patience = 10 * time.Second

func read(t *testing.T, s set.Set, others ...set.Set) *state.State {
	t.Helper()
	found := state.Read(state.Subject{Set: s, Others: others}, patience)
	if len(found.Troubles) > 0 {
		t.Errorf("troubles: %v", found.Troubles)
	}
	return found
}

// sh runs a script in the fixture.
func sh(t *testing.T, ns *nstest.Fixture, script string) string {
	t.Helper()
	out, err := ns.Set().Command(t.Context(), "sh", "-ec", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// section returns the lines of one section.
func section(s *state.State, name string) string {
	_, after, found := strings.Cut("\n"+s.String()+"\n", "\n"+name+"\n")
	if !found {
		return ""
	}
	return regexp.MustCompile(`(?m)^\S(.*\n?)*`).ReplaceAllString(after, "")
}

func TestAnEmptyNetworkHasLittleToSay(t *testing.T) {
	NewWithT(t).Expect(read(t, nstest.New(t, set.NS_NET).Set()).String()).
		To(Equal("links\n  lo  UP  127.0.0.1/8 ::1/128"))
}

func TestLinksAddressesAndWhereTheyLead(t *testing.T) {
	need.Tool(t, "ip", "iproute2")
	g := NewWithT(t)
	a, b := nstest.New(t, set.NS_NET|set.NS_MNT), nstest.New(t, set.NS_NET)
	pid := nstest.New(t, set.NS_MNT) // any other
	cat := b.Set().Command(t.Context(), "cat")
	in, err := cat.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cat.Start()).To(Succeed())
	sh(t, a, fmt.Sprintf(`
		ip link add br0 type bridge
		ip link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 netns %d
		ip link set eth0 master br0 up
		ip address add 192.0.2.1/24 dev eth0
		ip address add 2001:db8::1/64 dev eth0 nodad
		ip link add here mtu 1400 type veth peer name there
		ip link add link here name upper type macvlan
		ip address add 198.51.100.1 peer 198.51.100.2/32 dev here
		`, cat.Process.Pid))
	g.Expect(in.Close()).To(Succeed())
	g.Expect(cat.Wait()).To(Succeed())

	text := section(read(t, a.Set(), pid.Set(), a.Set(), b.Set()), "links")
	g.Expect(text).To(MatchRegexp(`(?m)^  eth0 +NO-CARRIER  02:00:00:00:00:01  192\.0\.2\.1/24 2001:db8::1/64 +veth, peer if\d+ in ` +
		regexp.QuoteMeta(b.ID(set.NS_NET)) + `, master br0(, dropped \d+)?$`))
	g.Expect(text).To(MatchRegexp(`(?m)^  br0 +DOWN  .* bridge$`))
	g.Expect(text).To(MatchRegexp(`(?m)^  here +DOWN  .*  198\.51\.100\.1 peer 198\.51\.100\.2/32 +veth, peer there, mtu 1400$`))
	g.Expect(text).To(MatchRegexp(`(?m)^  upper +DOWN  .* macvlan, on here, mtu 1400$`))
	g.Expect(section(read(t, a.Set()), "links")).To(ContainSubstring("in another namespace"))
}

// What a report prints of a link or an address is what the matchers judge.
func TestReportsAndMatchersMeanTheSame(t *testing.T) {
	need.Tool(t, "ip", "iproute2")
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET, nstest.Raw())
	sh(t, ns, `
		echo 1 >/proc/sys/net/ipv6/conf/default/optimistic_dad
		echo 1 >/proc/sys/net/ipv6/conf/all/optimistic_dad
		ip link add works type veth peer name sleeps
		ip link set sleeps mode dormant
		ip link set works up
		ip link set sleeps up
		ip link add alone type veth peer name off
		ip link set alone up
		ip address add 192.0.2.1/24 dev works
		ip address add 2001:db8::1/64 dev works nodad
		ip address add 2001:db8::2/64 dev alone
		ip address add 2001:db8::3/64 dev alone optimistic
		`)
	g.Eventually(ns).Should(nstest.HaveLink("works", nstest.BeUp()))
	found := read(t, ns.Set())
	states := map[string]rtnl.LinkState{}
	notes := map[string][]string{}
	for _, link := range found.Links {
		states[link.Name] = link.State
		judged, err := nstest.HaveLink(link.Name, nstest.BeUp()).Match(ns)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(judged).To(Equal(link.State == rtnl.Up), "%s is %s", link.Name, link.State)
		for _, address := range link.Addresses {
			if address.Prefix.Addr().IsLinkLocalUnicast() {
				continue // the kernel makes it when it likes
			}
			notes[address.Prefix.Addr().String()] = address.Notes
			judged, err := nstest.HaveAddress(address.Prefix.String()).Match(ns)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(judged).NotTo(Equal(slices.Contains(address.Notes, "tentative")), "%v", address)
		}
	}
	g.Expect(states).To(Equal(map[string]rtnl.LinkState{
		"lo": rtnl.Down, "works": rtnl.Up, "sleeps": rtnl.NotRunning, "alone": rtnl.NoCarrier, "off": rtnl.Down}))
	g.Expect(notes).To(Equal(map[string][]string{"192.0.2.1": nil, "2001:db8::1": nil,
		"2001:db8::2": {"tentative"}, "2001:db8::3": {"optimistic"}}))
}

func TestRoutesRulesAndNeighbours(t *testing.T) {
	need.Tool(t, "ip", "iproute2")
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	sh(t, ns, `
		ip link add name a type veth peer name b
		ip link set dev a up
		ip link set dev b up
		ip address add 192.0.2.1/24 dev a
		ip -6 address flush dev a
		ip -6 address flush dev b
		ip address add fe80::7/64 dev a nodad
		ip route add default via 192.0.2.2
		ip route add 203.0.113.0/24 nexthop via 192.0.2.3 nexthop via 192.0.2.4
		ip route add unreachable 10.0.0.0/8
		ip route add default dev b table 100
		ip route add local 192.0.2.77 dev lo table local
		ip -6 route add 2001:db8::/32 dev a metric 7
		ip -6 route add blackhole 2001:db9::/32
		ip rule add from 198.51.100.0/24 fwmark 0x1/0xf table 100
		ip rule add not iif a goto 32766 priority 9
		ip rule add to 1.2.3.4 prohibit priority 8
		ip -6 rule add from all lookup 100 priority 5
		ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev a
		`)
	found := read(t, ns.Set())
	for _, line := range []string{
		"default via 192.0.2.2 dev a", "192.0.2.0/24 dev a src 192.0.2.1", "unreachable 10.0.0.0/8", "default dev b table 100",
		"203.0.113.0/24 via 192.0.2.3 dev a or via 192.0.2.4 dev a", "local 192.0.2.77 dev lo table local",
		"2001:db8::/32 dev a metric 7", "blackhole 2001:db9::/32",
	} {
		g.Expect("\n" + section(found, "routes")).To(ContainSubstring("\n  " + line + "\n"))
	}
	for _, usual := range []string{"127.0.0.1", "fe80::"} {
		g.Expect(section(found, "routes")).NotTo(ContainSubstring(usual))
	}
	g.Expect(strings.Split(section(found, "rules"), "\n")).To(ConsistOf("",
		"  8: to 1.2.3.4/32 to nowhere (blackhole, unreachable or prohibit)",
		"  9: not iif a goto 32766",
		"  32765: from 198.51.100.0/24 fwmark 0x1/0xf lookup 100",
		"  5: from all lookup 100 (IPv6)"))
	g.Expect(section(found, "neighbours")).To(Equal("  192.0.2.2  dev a  02:00:00:00:00:02  PERMANENT\n"))
}

func TestSockets(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	listener := ns.Listen("tcp", "127.0.0.1:0")
	unread, err := ns.DialContext(t.Context(), "tcp", listener.Addr().String())
	g.Expect(err).NotTo(HaveOccurred())
	defer unread.Close()
	open := ns.ListenPacket("udp", "[::1]:0")
	ns.Listen("unix", "@gonso "+t.Name())
	address := listener.Addr().String()

	text := section(read(t, ns.Set()), "sockets")
	g.Expect(text).To(MatchRegexp(`(?m)^  tcp +LISTEN +` + address + ` +1 to accept$`))
	g.Expect(text).To(MatchRegexp(`(?m)^  tcp +ESTABLISHED +` + unread.LocalAddr().String() + ` +` + address + `$`))
	g.Expect(text).To(MatchRegexp(`(?m)^  udp +` + regexp.QuoteMeta(open.LocalAddr().String()) + `$`))
	g.Expect(text).To(MatchRegexp(`(?m)^  unix +LISTEN +@gonso ` + t.Name() + `$`))

	accepted, err := listener.Accept()
	g.Expect(err).NotTo(HaveOccurred())
	defer accepted.Close()
	_, err = accepted.Write([]byte("hello"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func() string { return section(read(t, ns.Set()), "sockets") }).
		Should(MatchRegexp(`(?m)^  tcp +ESTABLISHED +` + unread.LocalAddr().String() + ` +` + address + ` +5 to read$`))
	g.Expect(section(read(t, nstest.New(t, set.NS_NET).Set()), "sockets")).To(BeEmpty(), "another network")
}

func TestRulesetIsThatOfNft(t *testing.T) {
	need.Tool(t, "nft", "nftables")
	nstest.RequireFeatures(t, "nftables")
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	rules := []string{
		`accept`,
		`tcp dport 80 counter packets 0 bytes 0 accept comment "web"`,
		`udp sport 53 drop`,
		`tcp dport != 22 drop`,
		`tcp dport 1024-65535 accept`,
		`ip saddr 192.0.2.1 ip daddr 198.51.100.0/24 tcp dport 443 accept`,
		`ip saddr 10.0.0.0/9 drop`,
		`ip saddr != 10.0.0.0/8 return`,
		`ip6 saddr 2001:db8::/32 ip6 daddr 2001:db8::1 accept`,
		`iifname "eth0" oifname != "lo" drop`,
		`ct state established,related accept`,
		`ct state invalid drop`,
		`meta mark 0x0000002a accept`,
		`meta l4proto udp drop`,
		`jump other`,
		`goto other`,
		`log prefix "dropped: " drop`,
		`meta l4proto tcp reject with tcp reset`,
		`limit rate 10/second accept`,
		`limit rate 10/minute burst 7 packets drop`,
		`tcp flags syn / fin,syn,rst,ack drop`,
		`ip saddr @hosts drop`,
		`ip ttl 1 drop`,
	}
	script := `
		nft add table inet t
		nft add chain inet t other
		nft 'add set inet t hosts { type ipv4_addr; }'
		nft 'add chain inet t in { type filter hook input priority -5; policy drop; }'
		nft 'add table ip nat'
		nft 'add chain ip nat pre { type nat hook prerouting priority dstnat; }'
		nft 'add rule ip nat pre tcp dport 80 dnat to 192.0.2.7:8080'
		nft 'add rule ip nat pre tcp dport 81 redirect to :99'
		nft 'add chain ip nat post { type nat hook postrouting priority srcnat; }'
		nft 'add rule ip nat post oifname "eth0" masquerade'
		nft 'add rule ip nat post snat to 192.0.2.8'
		`
	for _, rule := range rules {
		script += "nft 'add rule inet t in " + rule + "'\n"
	}
	sh(t, ns, script)
	text := section(read(t, ns.Set()), "nftables")
	listed := sh(t, ns, "nft list ruleset")
	for _, line := range strings.Split(text, "\n") {
		if rule, is := strings.CutPrefix(line, "      "); is {
			g.Expect(listed).To(ContainSubstring("\t\t" + rule + "\n"))
		}
	}
	for _, rule := range rules {
		g.Expect(listed).To(ContainSubstring(rule+"\n"), "the rule is not as nft prints it")
	}
	g.Expect(strings.Count(text, "\n      ")).To(Equal(len(rules) + 4))
	g.Expect(text).To(ContainSubstring("\n    chain in: filter hook input priority -5, policy drop\n"))
	g.Expect(text).To(ContainSubstring("\n    chain pre: nat hook prerouting priority -100, policy accept\n"))
	g.Expect(text).To(ContainSubstring("\n    chain other\n"))
	g.Expect(text).To(HavePrefix("  inet t\n"))
}

func TestMountsThatAreNotTheUsualOnes(t *testing.T) {
	g := NewWithT(t)
	made := nstest.New(t, set.NS_MNT, nstest.Raw()).Set() // nobody else mounts here
	dir, other, old := t.TempDir(), t.TempDir(), t.TempDir()
	g.Expect(made.Do(func() { g.Expect(syscall.Mount("theirs", old, "tmpfs", 0, "")).To(Succeed()) })).To(Succeed())
	s, err := made.Unshare(set.NS_MNT)
	g.Expect(err).NotTo(HaveOccurred())
	defer s.Close()
	find := func() string {
		found := state.Read(state.Subject{Set: s, Usual: func() ([]procfs.Mount, error) { return state.Mounts(made) }}, patience)
		g.Expect(found.Troubles).To(BeEmpty())
		return found.String()
	}
	g.Expect(find()).To(BeEmpty())

	g.Expect(os.Mkdir(dir+"/a b", 0o700)).To(Succeed())
	g.Expect(s.Do(func() {
		g.Expect(syscall.Mount("mine", dir+"/a b", "tmpfs", 0, "")).To(Succeed())
		g.Expect(syscall.Mount(other, dir, "", syscall.MS_BIND, "")).To(Succeed())
		g.Expect(syscall.Unmount(old, 0)).To(Succeed())
	})).To(Succeed())
	lines := `  ` + dir + `/a b +tmpfs +mine\n  ` + dir + ` +\S+ +\S+\[\S+/` + filepath.Base(other) + `\]\n`
	g.Expect(find()).To(MatchRegexp(`^mounts\n` + lines + `  ` + old + ` +tmpfs +theirs +\(not mounted any more\)$`))
	// By default the usual ones are those of the process.
	g.Expect(section(read(t, s), "mounts")).To(MatchRegexp(lines))
}

// The Set's own /proc is not needed.
func TestProcMayBeCovered(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_MNT|set.NS_NET|set.NS_UTS)
	ns.Do(func() { g.Expect(syscall.Mount("cover", "/proc", "tmpfs", 0, "")).To(Succeed()) })
	g.Expect(section(read(t, ns.Set()), "mounts")).To(MatchRegexp(`(?m)^  /proc +tmpfs +cover$`))
}

func TestHostname(t *testing.T) {
	ns := nstest.New(t, set.NS_UTS)
	NewWithT(t).Expect(read(t, ns.Set()).String()).To(BeEmpty(), "the name that it was made with")
	ns.Do(func() { NewWithT(t).Expect(syscall.Sethostname([]byte("router"))).To(Succeed()) })
	NewWithT(t).Expect(read(t, ns.Set()).String()).To(Equal("hostname\n  router"))
}

func TestProcesses(t *testing.T) {
	for _, flags := range []int{set.NS_NET, set.NS_NET | set.NS_PID, set.NS_PID, set.NS_USER | set.NS_MNT} {
		t.Run(set.KindNames(flags), func(t *testing.T) {
			g := NewWithT(t)
			var opts []nstest.Option
			if flags&set.NS_USER != 0 {
				opts = append(opts, nstest.Unshare(set.WithRootMapped()))
			}
			ns := nstest.New(t, flags, opts...)
			find := func() []state.Process { return read(t, ns.Set()).Processes }
			g.Expect(find()).To(BeEmpty(), "the first process of a pid namespace is the Set's")
			cat := ns.Set().Command(t.Context(), "cat", "-u")
			in, err := cat.StdinPipe()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(cat.Start()).To(Succeed())
			list := find()
			g.Expect(list).To(HaveLen(1))
			g.Expect(list[0]).To(Equal(state.Process{PID: cat.Process.Pid, Comm: "cat", State: list[0].State, Args: []string{"cat", "-u"}}))
			elsewhere := exec.Command("cat")
			other, err := elsewhere.StdinPipe()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(elsewhere.Start()).To(Succeed())
			g.Expect(find()).To(HaveLen(1))
			g.Expect(other.Close()).To(Succeed())
			g.Expect(elsewhere.Wait()).To(Succeed())
			g.Expect(in.Close()).To(Succeed())
			// One that has ended, and was not waited for.
			g.Eventually(find).Should(BeEmpty())
			g.Expect(cat.Wait()).To(Succeed())
		})
	}
}

func TestThreadsCannotJoinEverySetThatIsRead(t *testing.T) {
	ns := nstest.New(t, set.NS_USER|set.NS_NET|set.NS_UTS|set.NS_TIME|set.NS_PID, nstest.Raw(), nstest.Unshare(set.WithRootMapped()))
	NewWithT(t).Expect(read(t, ns.Set()).String()).To(Equal("links\n  lo  DOWN"))
}

func TestWhatCannotBeReadSaysSo(t *testing.T) {
	g := NewWithT(t)
	s, err := set.Unshare(set.NS_NET | set.NS_UTS)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Close()).To(Succeed())
	text := state.Read(state.Subject{Set: s}, patience).String()
	for _, name := range []string{"links", "routes", "rules", "neighbours", "sockets", "nftables", "hostname", "processes"} {
		g.Expect(text).To(MatchRegexp(`(?m)^` + name + `\n  cannot be read: .*closed`))
	}
	g.Expect(text).NotTo(ContainSubstring("mounts"))
}

func TestReadingHasAnEnd(t *testing.T) {
	g := NewWithT(t)
	start := time.Now()
	text := state.Read(state.Subject{Set: nstest.New(t, set.NS_NET).Set()}, time.Nanosecond).String()
	g.Expect(time.Since(start)).To(BeNumerically("<", patience))
	g.Expect(text).To(MatchRegexp(`cannot be read: no answer within 1ns`))
}
