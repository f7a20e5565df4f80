// SPDX-License-Identifier: Apache-2.0

package dnsmasq_test

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

func TestDnsmasqGivesAddressesAndNames(t *testing.T) {
	need.Tool(t, "dnsmasq", "dnsmasq-base")
	n := topo.New(t)
	gateway, s := n.Host("gateway"), n.Switch("switch")
	printer, laptop := n.Host("printer", topo.Dynamic(topo.IPv4)), n.Host("laptop", topo.Dynamic(topo.IPv4))
	for _, node := range []topo.Node{gateway, printer, laptop} {
		n.Link(node, s, topo.Subnet("192.0.2.0/24"))
	}
	// It listens before there is a link, and answers once there is one.
	gateway.Start(gateway.Command("dnsmasq", "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null",
		"--user=root", "--pid-file", "--dhcp-leasefile="+filepath.Join(t.TempDir(), "leases"),
		"--interface=eth0", "--bind-dynamic", "--no-ping", "--no-resolv", "--no-hosts", "--domain=example.org", "--expand-hosts",
		"--dhcp-range=192.0.2.100,192.0.2.199", "--dhcp-host=printer,192.0.2.150"), nstest.Printing("started, version"))
	n.Up()

	// The printer has the address that is reserved for its name, the laptop one of the range.
	if got, want := printer.Addr4(), netip.MustParseAddr("192.0.2.150"); got != want {
		t.Errorf("the printer's address is %v, want %v", got, want)
	}
	first, last := netip.MustParseAddr("192.0.2.100"), netip.MustParseAddr("192.0.2.199")
	if got := laptop.Addr4(); got.Less(first) || last.Less(got) {
		t.Errorf("the laptop's address is %v, want one from %v to %v", got, first, last)
	}

	// The laptop finds the printer by its name, and reaches it there.
	server := netip.AddrPortFrom(gateway.Addr4(), 53).String()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return laptop.DialContext(ctx, network, server)
	}}
	found, err := resolver.LookupNetIP(t.Context(), "ip4", "printer.example.org.")
	if err != nil || len(found) != 1 || found[0] != printer.Addr4() {
		t.Fatalf("dnsmasq says that the printer's address is %v (%v), want %v", found, err, printer.Addr4())
	}
	jobs := printer.Listen("tcp", ":631")
	conn, err := laptop.DialContext(t.Context(), "tcp", netip.AddrPortFrom(found[0], 631).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	job, err := jobs.Accept()
	if err != nil {
		t.Fatal(err)
	}
	job.Close()
}
