// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// DialContext connects from the host, see [nstest.Fixture.DialContext]. It knows the names of the network's
// hosts.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := h.n.dial(ctx, network, address, h.Fixture.DialContext)
	return conn, h.n.explain(err)
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// dial connects. An external host has no /etc/hosts with the names of the network.
func (n *node) dial(ctx context.Context, network, address string, dial dialer) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	to := n.network.lookUp(name)
	if !n.external || err != nil || to == nil {
		return dial(ctx, network, address)
	}
	n.network.mu.Lock()
	addresses := to.addrs()
	n.network.mu.Unlock()
	errs := []error{fmt.Errorf("%s has no address for %s", name, network)}
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
	h.n.network.tb.Helper()
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
		return conn, n.explain(err)
	}
}

// explain has an error that comes of a network that is not up say so: names are looked up elsewhere until then, and
// nothing can be reached.
func (n *node) explain(err error) error {
	if err == nil || n.network.isUp() {
		return err
	}
	return fmt.Errorf("topo: %s: %w: %w", n.name, errNotUp, err)
}
