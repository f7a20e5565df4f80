// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// A tenant4 has a lease of DHCPv4.
type tenant4 struct {
	end   *end
	lease lease4
}

func (t *tenant4) String() string { return t.lease.address.Addr().String() }
func (t *tenant4) term() term     { return t.lease.term }

func (t *tenant4) renew(ctx context.Context, any bool, deadline time.Time) error {
	return t.get(ctx, deadline, func(c *dhcp4Client) (lease4, error) { return c.renew(t.lease, any) })
}

func (t *tenant4) ask(ctx context.Context) error {
	return t.get(ctx, untilDone(), (*dhcp4Client).lease)
}

func (t *tenant4) get(ctx context.Context, deadline time.Time, f func(*dhcp4Client) (lease4, error)) error {
	conn, err := t.end.node.listen4(t.end.name)
	if err != nil {
		return err
	}
	return asking(ctx, conn, func() error {
		lease, err := f(&dhcp4Client{end: t.end, conn: conn, deadline: deadline})
		if err == nil {
			t.lease = lease
		}
		return err
	})
}

func (t *tenant4) move() error {
	e, before := t.end, t.end.lease4
	if before.address == t.lease.address && slices.Equal(before.routers, t.lease.routers) {
		e.lease4 = t.lease
		return nil
	}
	return errors.Join(e.node.apply4([]*end{e}, map[*end]lease4{e: t.lease}), e.node.learn(e), e.node.follow())
}

func (t *tenant4) leave() error {
	e := t.end
	was := e.lease4
	e.lease4 = lease4{}
	var routes []rtnl.Request
	if len(was.routers) > 0 {
		routes = append(routes, rtnl.DelLeasedRoute(everywhere(IPv4), e.index, e.metric()))
	}
	return e.drop(was.address, routes...)
}

// A tenant6 has a lease of DHCPv6.
type tenant6 struct {
	end   *end
	lease lease6
}

func (t *tenant6) String() string { return t.lease.String() }
func (t *tenant6) term() term     { return t.lease.term }

func (t *tenant6) renew(ctx context.Context, any bool, deadline time.Time) error {
	return t.get(ctx, deadline, func(c *dhcp6Client) (lease6, error) { return c.renew(t.lease, any) })
}

func (t *tenant6) ask(ctx context.Context) error {
	return t.get(ctx, untilDone(), (*dhcp6Client).lease)
}

func (t *tenant6) get(ctx context.Context, deadline time.Time, f func(*dhcp6Client) (lease6, error)) error {
	conn, err := t.end.node.listen6(t.end.name)
	if err != nil {
		return err
	}
	return asking(ctx, conn, func() error {
		lease, err := f(&dhcp6Client{end: t.end, from: t.lease.from, conn: conn, deadline: deadline})
		if err == nil {
			t.lease = lease
		}
		return err
	})
}

func (t *tenant6) move() error {
	e, before := t.end, t.end.lease6
	if before.address == t.lease.address && before.prefix == t.lease.prefix {
		e.lease6 = t.lease
		return nil
	}
	return errors.Join(e.node.apply6(e, t.lease), e.node.learn(e), e.node.follow())
}

// leave takes back what was delegated, too.
func (t *tenant6) leave() error {
	e, was := t.end, t.end.lease6
	e.lease6 = lease6{}
	var errs []error
	if was.prefix.IsValid() {
		e.node.withholdDelegated()
		for _, other := range e.node.ends[1:] {
			for _, p := range other.planned {
				errs = append(errs, other.drop(p))
			}
			if e.node.advertiser != nil && len(other.planned) > 0 {
				e.node.advertiser.stop(other)
			}
		}
	}
	return errors.Join(append(errs, e.drop(netip.PrefixFrom(was.address, whole)))...)
}

// asking runs f, which waits for packets, until ctx is done.
func asking(ctx context.Context, conn interface{ Close() error }, f func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // which ends the wait
	err := f()
	if stop() {
		return errors.Join(err, conn.Close())
	}
	return ctx.Err()
}

// untilDone is the deadline of what ends with its context.
func untilDone() time.Time { return time.Now().Add(100 * 24 * time.Hour) }
