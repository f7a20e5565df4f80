// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// DialContext connects from the host, see [nstest.Fixture.DialContext]. The names of the network's hosts lead to their addresses.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := h.Fixture.DialContext(ctx, network, address)
	return conn, h.n.explain(err)
}

// HTTPClient returns the host's client, see [nstest.Fixture.HTTPClient]. The names of the network's hosts
// lead to their addresses.
func (h *Host) HTTPClient() *http.Client {
	h.n.network.tb.Helper()
	client := h.Fixture.HTTPClient()
	h.n.explains.Do(func() {
		if transport, ours := client.Transport.(*http.Transport); ours {
			dial := transport.DialContext
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return conn, h.n.explain(err)
			}
		}
	})
	return client
}

// explain has an error that comes of a network that is not up say so: names are looked up elsewhere until then, and
// nothing can be reached.
func (n *node) explain(err error) error {
	if err == nil || n.network.isUp() {
		return err
	}
	return fmt.Errorf("topo: %s: %w: %w", n.name, errNotUp, err)
}
