// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// BenchmarkNetwork makes stars: so many hosts on one switch, each in a namespace of its own and with an address. What is
// timed is until all is up; their end is not. Only gonso waits for the kernel, and proves that each address is usable.
func BenchmarkNetwork(b *testing.B) {
	for _, hosts := range []int{50, 200, 1000} {
		for _, who := range []struct {
			name string
			up   starMaker
			most int // hosts
		}{{"gonso", topoStar, 1000}, {"floor", plainStar, 1000}, {"ip", ipStar, 200}, {"Mininet", mininetStar, 200}} {
			if hosts > who.most || who.name == "Mininet" && (hosts < who.most || testing.Short()) { // once: it takes half a minute
				continue
			}
			b.Run(fmt.Sprintf("hosts=%d/who=%s", hosts, who.name), func(b *testing.B) { stars(b, fewer(hosts), who.up) })
		}
	}
}

// A starMaker makes a star, and returns what ends it.
type starMaker func(b *testing.B, hosts int) (down func())

// fewer is for those who want to see only that it works.
func fewer(hosts int) int {
	if testing.Short() {
		return 20
	}
	return hosts
}

// BenchmarkHostOfMany is what each host takes in a star of many, beside one of few.
func BenchmarkHostOfMany(b *testing.B) {
	for _, star := range []struct {
		who   string
		hosts int
	}{{"gonso", 1000}, {"floor", 50}} {
		b.Run("who="+star.who, func(b *testing.B) {
			hosts := fewer(star.hosts)
			spent := stars(b, hosts, topoStar)
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*hosts), "ns/op")
			b.ReportMetric(float64(spent)/float64(b.N*hosts), "cpu-ns/op")
		})
	}
}

// stars makes stars one after the other, and returns the time that CPUs have spent on that in this process. The kernel's own
// threads are not in that, nor is the end of a star.
func stars(b *testing.B, hosts int, up starMaker) (spent time.Duration) {
	settle(b)
	for b.Loop() {
		before := cpuTime(b)
		down := up(b, hosts)
		b.StopTimer()
		spent += cpuTime(b) - before
		down()
		settle(b)
		b.StartTimer()
	}
	b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/op")
	return spent
}

// BenchmarkTearDown ends stars: it takes until the kernel has nothing left of them, and a test waits for some of that.
// The floor is to let go of the namespaces, and all the rest is the kernel's.
func BenchmarkTearDown(b *testing.B) {
	for _, who := range []struct {
		name string
		up   starMaker
	}{{"gonso", topoStar}, {"floor", plainStar}} {
		b.Run("hosts=200/who="+who.name, func(b *testing.B) {
			var waited time.Duration
			settle(b)
			for b.Loop() {
				b.StopTimer()
				down := who.up(b, fewer(200))
				b.StartTimer()
				start := time.Now()
				down()
				waited += time.Since(start)
				settle(b)
			}
			b.ReportMetric(float64(waited)/float64(b.N), "wait-ns/op")
		})
	}
}

// topoStar is a test with a network.
func topoStar(b *testing.B, hosts int) (down func()) {
	t := &test{TB: b}
	n := topo.New(t)
	lan := n.Switch("lan")
	for i := range hosts {
		n.Link(n.Host("h"+strconv.Itoa(i)), lan, topo.Subnet("10.0.0.0/16"))
	}
	n.Up()
	return t.end
}

// plainStar makes the same calls of the kernel from one thread, with the library that most helpers of tests use, and without care.
func plainStar(b *testing.B, hosts int) (down func()) {
	var all []netns.NsHandle
	check(b, onThread(func() error {
		lan, err := netns.New()
		if err != nil {
			return err
		}
		all = append(all, lan)
		bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
		if err := errors.Join(netlink.LinkAdd(bridge), netlink.LinkSetUp(bridge)); err != nil {
			return err
		}
		for i := range hosts {
			host, err := netns.New() // the thread is in there then
			if err != nil {
				return err
			}
			all = append(all, host)
			if err := netns.Set(lan); err != nil {
				return err
			}
			port := &netlink.Veth{
				LinkAttrs: netlink.LinkAttrs{Name: "p" + strconv.Itoa(i), MasterIndex: bridge.Index}, PeerName: "eth0", PeerNamespace: netlink.NsFd(host),
			}
			if err := errors.Join(netlink.LinkAdd(port), netlink.LinkSetUp(port), netns.Set(host)); err != nil {
				return err
			}
			eth0, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			address, err := netlink.ParseAddr(fmt.Sprintf("10.0.%d.%d/16", i/250, i%250+1))
			if err != nil {
				return err
			}
			if err := errors.Join(netlink.AddrAdd(eth0, address), netlink.LinkSetUp(eth0)); err != nil {
				return err
			}
		}
		return nil
	}))
	return func() {
		for _, ns := range all {
			check(b, ns.Close())
		}
	}
}

// ipStar has ip(8) do it: one batch for the switch, and one for each host, since a batch stays in its namespace.
func ipStar(b *testing.B, hosts int) (down func()) {
	b.StopTimer()
	dir := b.TempDir()
	var lan bytes.Buffer
	lan.WriteString("link add br0 type bridge\nlink set br0 up\n")
	for i := range hosts {
		fmt.Fprintf(&lan, "netns add h%[1]d\nlink add p%[1]d type veth peer name eth0 netns h%[1]d\nlink set p%[1]d master br0 up\n", i)
		host := fmt.Sprintf("addr add 10.0.%d.%d/16 dev eth0\nlink set eth0 up\n", i/250, i%250+1)
		check(b, os.WriteFile(filepath.Join(dir, "h"+strconv.Itoa(i)), []byte(host), 0o644))
	}
	check(b, os.WriteFile(filepath.Join(dir, "lan"), lan.Bytes(), 0o644))
	const script = "mount -t tmpfs none /run && ip -batch lan && for h in h*; do ip -n $h -batch $h; done"
	cmd := exec.Command("unshare", "--mount", "--net", "sh", "-e", "-c", script)
	cmd.Dir = dir
	b.StartTimer()
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return func() {} // its namespaces have ended with it
}

// star is what Mininet's manual has for it.
const star = `
import sys, time
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo
n = Mininet(topo=SingleSwitchTopo(int(sys.argv[1])), switch=LinuxBridge, controller=None, waitConnected=False)
n.start()
print(time.time() - BEGAN)
n.stop()
`

// mininetStar has Mininet do it, where it is installed: by the Python of the distribution.
func mininetStar(b *testing.B, hosts int) (down func()) {
	const python, module = "/usr/bin/python3", "/usr/lib/python3/dist-packages/mininet/net.py"
	if _, err := os.Stat(module); err != nil {
		b.Skip("Mininet is not installed; try: apt-get install mininet bridge-utils")
	}
	program := "import time\nBEGAN = time.time()\n" + star
	out, err := exec.Command("unshare", "--mount", "--net", python, "-c", program, strconv.Itoa(hosts)).Output()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	check(b, err)
	b.ReportMetric(seconds*1e9, "ns/op") // without its end, which counts for how often it is done: once
	return func() {}
}
