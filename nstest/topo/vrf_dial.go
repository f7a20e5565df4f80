// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
)

// A HostVRF is a VRF of a host or a router, to make sockets in, see [VRF].
type HostVRF struct {
	node *node
	name string
}

// String is such as "VRF blue of router".
func (v *HostVRF) String() string {
	if v == nil {
		return "<nil>"
	}
	return "VRF " + v.name + " of " + v.node.name
}

// VRF returns a VRF of the host, which the option [VRF] of a link has made.
func (h *Host) VRF(name string) *HostVRF {
	h.made().network.tb.Helper()
	var names []string
	for _, t := range h.n.tables[1:] {
		if t.name == name {
			return &HostVRF{h.n, name}
		}
		names = append(names, t.name)
	}
	text := "it has none"
	if len(names) > 0 {
		text = "it has " + strings.Join(names, ", ")
	}
	h.n.network.fatal(fmt.Sprintf("VRF %q of %s", name, h.n.name), fmt.Errorf("%s: the link option topo.VRF makes one", text))
	return nil
}

// DialContext connects from the VRF to an address, or to a node of the network by its name.
func (v *HostVRF) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("topo: %v: %w", v, err)
	}
	dialer := net.Dialer{Control: v.bind}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return inside.Get(v.node.fixture.Set(), func() (net.Conn, error) { return dialer.DialContext(ctx, network, address) })
	}
	var conn net.Conn
	if to := v.node.network.lookUp(host); to != nil {
		conn, err = to.dialled(ctx, network, port, dial)
	} else if _, err = netip.ParseAddr(host); err == nil {
		conn, err = dial(ctx, network, address)
	} else {
		err = fmt.Errorf("no host %s in this network: it has %s", host, v.node.network.hostNames())
	}
	if err != nil {
		return nil, fmt.Errorf("topo: %v: %w", v, err)
	}
	return conn, nil
}

// Listen listens in the VRF, until the end of the test at most. The address has no name of a host.
func (v *HostVRF) Listen(network, address string) net.Listener {
	v.node.network.tb.Helper()
	config := net.ListenConfig{Control: v.bind}
	l, err := inside.Get(v.node.fixture.Set(), func() (net.Listener, error) { return config.Listen(context.Background(), network, address) })
	if err != nil {
		v.node.network.fatal(v.String(), err)
	}
	v.node.network.tb.Cleanup(func() { _ = l.Close() }) // the test may have closed it
	return l
}

// ListenPacket listens for packets in the VRF, until the end of the test at most.
func (v *HostVRF) ListenPacket(network, address string) net.PacketConn {
	v.node.network.tb.Helper()
	config := net.ListenConfig{Control: v.bind}
	c, err := inside.Get(v.node.fixture.Set(), func() (net.PacketConn, error) { return config.ListenPacket(context.Background(), network, address) })
	if err != nil {
		v.node.network.fatal(v.String(), err)
	}
	v.node.network.tb.Cleanup(func() { _ = c.Close() }) // the test may have closed it
	return c
}

func (v *HostVRF) bind(_, _ string, raw syscall.RawConn) error { return sys.BindToDevice(raw, v.name) }
