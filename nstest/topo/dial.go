// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
)

// DialContext connects from the host, see [nstest.Fixture.DialContext]. It knows the names of the network's
// hosts.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	n := h.made()
	conn, err := n.dial(ctx, network, address, h.Fixture.DialContext)
	return conn, n.explain(err, address)
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// dial connects. An external host has no /etc/hosts with the names of the network.
func (n *node) dial(ctx context.Context, network, address string, dial dialer) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	to := n.network.lookUp(name)
	if !n.external || err != nil || to == nil {
		return dial(ctx, network, address)
	}
	return to.dialled(ctx, network, port, dial)
}

// dialled connects to a node, at each of its addresses in turn.
func (n *node) dialled(ctx context.Context, network, port string, dial dialer) (net.Conn, error) {
	n.network.mu.Lock()
	addresses := n.addrs()
	n.network.mu.Unlock()
	errs := []error{fmt.Errorf("%s has no address for %s", n.name, network)}
	for _, a := range addresses {
		if strings.HasSuffix(network, "4") && !a.Is4() || strings.HasSuffix(network, "6") && !a.Is6() {
			continue
		}
		conn, err := dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs[min(1, len(errs)-1):]...)
}

// lookUp returns the node of that name, or nil.
func (n *Network) lookUp(name string) *node {
	for _, node := range n.nodes {
		if strings.EqualFold(node.name, name) {
			return node
		}
	}
	return nil
}

// HTTPClient returns the host's client, see [nstest.Fixture.HTTPClient]. It knows the names of the network's
// hosts.
func (h *Host) HTTPClient() *http.Client {
	h.made().network.tb.Helper()
	client := h.Fixture.HTTPClient()
	transport, ours := client.Transport.(*http.Transport)
	if h.n.external && ours { // the client is the fixture's, which has it when the network has ended
		own := transport.Clone()
		h.n.network.tb.Cleanup(own.CloseIdleConnections)
		h.n.wrap(own)
		return &http.Client{Transport: own}
	}
	h.n.explains.Do(func() {
		if ours {
			h.n.wrap(transport)
		}
	})
	return client
}

// wrap has a client go by the network's names, and say why it cannot be reached.
func (n *node) wrap(transport *http.Transport) {
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := n.dial(ctx, network, address, dial)
		return conn, n.explain(err, address)
	}
}

// explain adds what the network knows of why an address could not be connected to.
func (n *node) explain(err error, address string) error {
	if err == nil {
		return nil
	}
	if notUp := n.network.notUp(); notUp != nil { // names are looked up elsewhere until then
		return fmt.Errorf("topo: %s: %w: %w", n.name, notUp, err)
	}
	if why := n.why(err, address); why != "" {
		return fmt.Errorf("topo: %s: %s: %w", n.name, why, err)
	}
	return err
}

// why says which mistake an error may come of, if it is one in the names or the links.
func (n *node) why(err error, address string) string {
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		name, _, _ := net.SplitHostPort(address) // which is in order, or else it had not been looked up
		to := n.network.lookUp(name)
		switch {
		case to == nil:
			return fmt.Sprintf("no host %s in this network: it has %s", name, n.network.hostNames())
		case to.kind == isSwitch:
			return name + " is a switch, which has no address"
		case len(to.ends) == 0:
			return name + " has no address: it has no link"
		case !n.external && !n.network.knows(to.name):
			return "/etc/hosts of the network does not have " + name + ": Hosts has replaced it, for all hosts of the network"
		}
	}
	if !errors.Is(err, syscall.ENETUNREACH) || n.external {
		return ""
	}
	if len(n.ends) == 0 {
		return "it has no link, Network.Link makes one"
	}
	if host, to := n.inTheWay(address); host != nil {
		return fmt.Sprintf("the way to %s leads over %s, a host, which forwards nothing: Network.Router makes a node that does", to.name, host.name)
	}
	return ""
}

// inTheWay returns the host nearest to the node that is on each way to the one with an address, if there is one.
func (n *node) inTheWay(address string) (host, to *node) {
	name, _, _ := net.SplitHostPort(address)
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	if to = n.network.lookUp(name); to == nil {
		ip, _ := netip.ParseAddr(name)
		is := func(node *node) bool { return slices.Contains(node.addrs(), ip) }
		i := slices.IndexFunc(n.network.nodes, is)
		if i < 0 {
			return nil, nil
		}
		to = n.network.nodes[i]
	}
	if n.ways(func(m *node) bool { return m.kind != isHost })[to] != nil {
		return nil, to
	}
	before := n.ways(func(*node) bool { return true })
	for m := before[to]; m != nil && m != n; m = before[m] {
		if m.kind == isHost {
			host = m
		}
	}
	return host, to
}

// ways returns the nodes that links lead to, over those that forward, each with the one before it. It is called with the
// lock held.
func (n *node) ways(forwards func(*node) bool) (before map[*node]*node) {
	before = map[*node]*node{n: n}
	for queue := []*node{n}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at != n && !forwards(at) {
			continue
		}
		for _, e := range at.ends {
			if far := e.far.node; !e.link.down && before[far] == nil {
				before[far] = at
				queue = append(queue, far)
			}
		}
	}
	return before
}

// knows reports whether the /etc/hosts of the network has the name.
func (n *Network) knows(name string) (known bool) {
	err := n.names.Set().Do(func() {
		text, err := os.ReadFile("/etc/hosts")
		known = err != nil || slices.Contains(strings.Fields(string(text)), name)
	})
	return known || err != nil
}

// hostNames lists the nodes that have names, or some of them.
func (n *Network) hostNames() string {
	const most = 12
	var names []string
	for _, node := range n.nodes {
		if node.kind != isSwitch {
			names = append(names, node.name)
		}
	}
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// noNameServer is the /etc/resolv.conf of all nodes. Without it, what is no name of the network would be looked up by the
// machine's name servers, which cannot be reached from the network, or are others there.
const noNameServer = "# The names of the network are in /etc/hosts. Host.Resolver chooses a name server.\n"

// setResolver leaves the machine's name servers out, if it has any.
func (n *Network) setResolver() {
	n.tb.Helper()
	if _, err := os.Stat("/etc/resolv.conf"); err == nil {
		n.names.Resolver(noNameServer)
	}
}
