// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"golang.org/x/sys/unix"
)

// A tenant has a lease of one protocol, and keeps it.
type tenant interface {
	// term is that of the lease.
	term() term
	// renew asks the server of the lease, or any server, to renew it, until the deadline.
	renew(ctx context.Context, any bool, deadline time.Time) error
	// ask asks for a new lease until ctx is done.
	ask(ctx context.Context) error
	// move gives the interface what renew or ask has got. It is called with the network's lock held, and so is leave.
	move() error
	// leave takes from the interface what was leased.
	leave() error
	// String is such as "10.0.0.2".
	String() string
}

// keep keeps a lease until ctx is done:
//
//  1. At a certain time, T1, the server is asked to renew it.
//  2. If it does not, then from T2 on any server is.
//  3. At the end of the lease, or when it is refused, the address is taken away, and the node asks for another one.
func (e *end) keep(ctx context.Context, t tenant) error {
	for {
		note := ""
		if err := renewal(ctx, t); err != nil {
			lost := fmt.Sprintf("%s has lost %v on %v: %v", e.node.name, t, e.link, err)
			if err := e.change(ctx, lost, t.leave); err != nil {
				return err
			}
			for t.ask(ctx) != nil {
				if !sleep(ctx, time.Now().Add(askAgainMost)) {
					return ctx.Err()
				}
			}
			note = fmt.Sprintf("%s has got %v on %v", e.node.name, t, e.link)
		}
		if err := e.change(ctx, note, t.move); err != nil {
			return err
		}
	}
}

// renewal returns when the lease is renewed, or why it is not.
func renewal(ctx context.Context, t tenant) (err error) {
	term := t.term()
	if !sleep(ctx, term.from.Add(term.renew)) {
		return ctx.Err()
	}
	for _, phase := range []struct {
		any   bool
		until time.Duration
	}{{false, term.rebind}, {true, term.length}} {
		until := term.from.Add(phase.until)
		if err = t.renew(ctx, phase.any, until); err == nil || errors.Is(err, errRefused) {
			return err
		}
		if !sleep(ctx, until) { // it has failed for another reason than time
			return ctx.Err()
		}
	}
	return fmt.Errorf("nobody has renewed it within its %v: %w", term.length, err)
}

// sleep reports whether that time has come before ctx was done.
func sleep(ctx context.Context, until time.Time) bool {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// keepLeases has all leases kept that are not kept yet. It is called with the lock held.
func (n *Network) keepLeases() {
	for _, node := range n.nodes {
		for _, e := range node.asking() {
			if e.letGo == nil && !e.link.down {
				e.keepLeases()
			}
		}
	}
}

func (e *end) keepLeases() {
	var tenants []tenant
	if e.lease4.address.IsValid() {
		tenants = append(tenants, &tenant4{e, e.lease4})
	}
	if e.lease6.address.IsValid() {
		tenants = append(tenants, &tenant6{e, e.lease6})
	}
	if len(tenants) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.letGo = cancel
	for _, t := range tenants {
		e.node.network.services.serve(fmt.Sprintf("lease of %s on %v", e.node.name, e.link), closer(cancel), func() error {
			err := e.keep(ctx, t)
			if ctx.Err() != nil {
				return net.ErrClosed
			}
			return err
		})
	}
}

type closer func()

func (c closer) Close() error {
	c()
	return nil
}

// stopKeeping is for when the end asks for leases anew.
func (e *end) stopKeeping() {
	if e.letGo != nil {
		e.letGo()
		e.letGo = nil
	}
}

// change changes what the end has, unless ctx is done, and notes it for the log of a test that fails.
func (e *end) change(ctx context.Context, note string, f func() error) error {
	n := e.node.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if note != "" {
		n.noteOf(strings.ReplaceAll(note, "\n", "; "), "")
	}
	return f()
}

// follow has routes, names and rules follow the addresses of the node.
func (n *node) follow() error {
	err := n.readdress()
	if n.kind == isRouter {
		err = errors.Join(err, n.network.reroute())
	} else {
		err = errors.Join(err, n.preferUplink())
	}
	n.network.names.Hosts(n.network.hosts())
	return err
}

// drop takes an address from the end, and the route that came with it. The routes are changed first, since the kernel may
// remove some with the address.
func (e *end) drop(address netip.Prefix, routes ...rtnl.Request) error {
	e.addresses = slices.DeleteFunc(slices.Clone(e.addresses), func(p netip.Prefix) bool { return p.Addr() == address.Addr() })
	err := e.node.follow()
	for _, r := range append(routes, rtnl.DelAddress(e.name, e.index, address)) {
		if failed := e.node.conn.Do(r); !errors.Is(failed, unix.ESRCH) && !errors.Is(failed, unix.EADDRNOTAVAIL) { // gone with the link
			err = errors.Join(err, failed)
		}
	}
	return err
}
