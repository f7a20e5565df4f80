// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// The documentation of each matcher ends with a sample of what it says.
func TestTheSampleOfEachMatcherIsWhatItSays(t *testing.T) {
	said := failuresOfMatchers(t)
	for name, leaked := range leaksOfMatchers(t) {
		said[name] = leaked
	}
	samples := samplesOfMatchers(t)
	for name, sample := range samples {
		if got, want := anonymous(said[name]), anonymous(sample); got != want {
			t.Errorf("%s says\n%s\nits documentation has\n%s", name, said[name], sample)
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("there is no matcher %s", name)
	}
}

func failuresOfMatchers(t *testing.T) map[string]string {
	g := NewWithT(t)
	client, server := nstest.New(t, set.NS_NET, nstest.Named("client")), nstest.New(t, set.NS_NET, nstest.Named("server"))
	cable(t, client, server)
	nl := client.Netlink()
	g.Expect(nl.RouteAdd(&netlink.Route{Gw: net.IPv4(192, 0, 2, 254)})).To(Succeed())
	g.Expect(nl.LinkAdd(&netlink.Veth{PeerName: "eth2", LinkAttrs: netlink.LinkAttrs{
		Name: "eth1", MTU: 1500, HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 3}}})).To(Succeed())
	return map[string]string{
		"HaveID":          disagrees(t, client, nstest.HaveID(set.NS_NET, server.ID(set.NS_NET))),
		"ShareNamespaces": disagrees(t, client, nstest.ShareNamespaces(server)),
		"BeInNetNS":       disagrees(t, server.Listen("tcp", "127.0.0.1:80"), nstest.BeInNetNS(client)),
		"BeIsolatedFrom":  disagrees(t, client, nstest.BeIsolatedFrom(client.Set())),
		"HaveNamespaces":  disagrees(t, client, nstest.HaveNamespaces(set.NS_NET|set.NS_UTS)),
		"BeCurrent":       disagrees(t, client, nstest.BeCurrent()),
		"BeMountedAt":     disagrees(t, client, nstest.BeMountedAt("/run/netns/router")),
		"HaveLink":        disagrees(t, server, nstest.HaveLink("eth1")),
		"BeUp":            disagrees(t, client, nstest.HaveLink("eth1", nstest.BeUp())),
		"HaveMTU":         disagrees(t, client, nstest.HaveLink("eth1", nstest.HaveMTU(9000))),
		"HaveMAC":         disagrees(t, client, nstest.HaveLink("eth1", nstest.HaveMAC("02:00:5e:10:00:01"))),
		"BeOfType":        disagrees(t, client, nstest.HaveLink("eth1", nstest.BeOfType("bridge"))),
		"HaveAddress":     disagrees(t, nstest.New(t, set.NS_NET, nstest.Named("server")), nstest.HaveAddress("192.0.2.1/24")),
		"HaveRoute":       disagrees(t, client, nstest.HaveRoute("10.0.0.0/8")),
		"HaveDevice":      disagrees(t, client, nstest.HaveAddress("192.0.2.1", nstest.HaveDevice("eth1"))),
		"HaveGateway":     disagrees(t, client, nstest.HaveRoute("default", nstest.HaveGateway("192.0.2.1"))),
		"HaveRuleset":     disagrees(t, server, nstest.HaveRuleset("table inet filter {}")),
		"Reach":           disagrees(t, client, nstest.Reach("192.0.2.2:80")),
		"ReachWithin":     disagrees(t, client, nstest.ReachWithin(time.Millisecond, "192.0.2.9")),
	}
}

func leaksOfMatchers(t *testing.T) map[string]string {
	g := NewWithT(t)
	uts := nstest.New(t, set.NS_UTS).Set()
	before := nstest.Snapshot()
	g.Eventually(nstest.Snapshot).ShouldNot(nstest.HaveLeakedThreads(before))
	made, err := set.Unshare(set.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	// For a moment, the thread that made it holds it too.
	g.Eventually(nstest.Snapshot).ShouldNot(nstest.HaveLeakedThreads(before))
	said := map[string]string{
		"HaveLeakedNamespaces": agrees(t, nstest.Snapshot(), nstest.HaveLeakedNamespaces(before)),
	}
	g.Expect(made.Close()).To(Succeed())

	file, err := os.Open(os.DevNull)
	g.Expect(err).NotTo(HaveOccurred())
	said["HaveLeakedFds"] = agrees(t, nstest.Snapshot(), nstest.HaveLeakedFds(before))
	said["HaveLeaked"] = agrees(t, nstest.Snapshot(), nstest.HaveLeaked(before))
	g.Expect(file.Close()).To(Succeed())

	_, _, end := moveGoroutine(t, uts)
	said["HaveLeakedThreads"] = agrees(t, nstest.Snapshot(), nstest.HaveLeakedThreads(before))
	end()

	sleep := exec.Command("sleep", "1000")
	g.Expect(sleep.Start()).To(Succeed())
	said["HaveLeakedProcesses"] = agrees(t, nstest.Snapshot(), nstest.HaveLeakedProcesses(before))
	g.Expect(sleep.Process.Kill()).To(Succeed())
	_ = sleep.Wait() // it was killed
	return said
}

// samplesOfMatchers returns the last block of code of what documents each matcher.
func samplesOfMatchers(t *testing.T) map[string]string {
	var decls []ast.Decl
	for _, name := range []string{"matchers.go", "matchers_leaks.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
	}
	samples := make(map[string]string)
	for _, decl := range decls {
		matcher, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		sample, last := "", ""
		for line := range strings.Lines(matcher.Doc.Text()) {
			if code, ok := strings.CutPrefix(line, "\t"); ok {
				if last != "\t" {
					sample = ""
				}
				sample += code
			}
			last = line[:1]
		}
		samples[matcher.Name.Name] = strings.TrimSuffix(sample, "\n")
	}
	if len(samples) == 0 {
		t.Fatal("matchers.go has no matchers")
	}
	return samples
}

var numbers = regexp.MustCompile(`0x[0-9a-f]+|\[\d+\]|\b(thread|process|descriptor) \d+| at \S+:\d+ in [^\s,)]+(, called at \S+:\d+ in [^\s,)]+)?`)

// anonymous takes from a message the numbers, which are others each time.
func anonymous(message string) string { return numbers.ReplaceAllString(message, "#") }
