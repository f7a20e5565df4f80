// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
)

// CaptivePortal makes a router a captive portal, as in hotels (RFC 8952). Until [Router.Admit] lets a host
// through, the page answers HTTP to port 80 of any address outside, DNS passes, and everything else is refused
// as administratively prohibited (RFC 1812, 5.2.7.1). Nobody outside can make a connection to such a host.
//
// The page runs in the test's process; a nil one answers 511 Network Authentication Required (RFC 6585). It may
// itself let hosts through, such as those that have accepted the terms. The link that leads outside is marked
// by [Outside].
func CaptivePortal(page http.Handler) NodeOption {
	if page == nil {
		page = http.HandlerFunc(askToAccept)
	}
	return func(c *nodeConfig) {
		c.preset("captive portal")
		c.portal = &portal{page: page}
	}
}

// A portal is what a router shows to those it does not let through.
type portal struct{ page http.Handler }

func askToAccept(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNetworkAuthenticationRequired)
	_, _ = io.WriteString(w, "captive portal: accept the terms first\n") // the client sees what is missing
}

// serve answers requests until the closer is closed.
func (p *portal) serve(n *node) (port uint16, err error) {
	listener, err := n.fixture.Set().Listen("tcp", ":0")
	if err != nil {
		return 0, err
	}
	server := &http.Server{Handler: p.page}
	server.SetKeepAlivesEnabled(false) // a connection would lead here for as long as it lasts
	n.network.services.serve("captive portal "+n.name, server, func() error {
		err := server.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = net.ErrClosed
		}
		return err
	})
	return portOf(listener.Addr())
}

// Admit makes a captive portal let nodes through from now on. It knows them by the addresses that they have
// now.
func (r *Router) Admit(nodes ...Node) {
	n := r.n.network
	n.tb.Helper()
	what := fmt.Sprintf("admit %s at %s", namesOf(nodes), r.n.name)
	group, err := n.group(nodes)
	switch {
	case err != nil:
	case r.n.config.portal == nil:
		err = fmt.Errorf("it is a %s: make it with the option topo.CaptivePortal", r.n.what())
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		err = n.usable()
	}
	if err != nil {
		n.fatal(what, err)
	}
	n.note(what)
	if err := r.n.admit(group); err != nil {
		n.fatal(what, err)
	}
}

// portOf returns the port of a listener.
func portOf(address net.Addr) (uint16, error) {
	to, err := netip.ParseAddrPort(address.String())
	return to.Port(), err
}
