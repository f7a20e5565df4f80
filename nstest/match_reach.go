// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/onsi/gomega/format"
)

// reachWithin is long enough for what is lost once, as frames are in a machine with too much to do: the kernel asks a
// second after the first time again for a hardware address (arp(7), retrans_time_ms), and for a connection.
const reachWithin = 2500 * time.Millisecond

type reach struct {
	whileOpen
	matcher string
	address string
	within  time.Duration

	cause error // why there was no answer
}

func (m *reach) Match(actual any) (success bool, err error) {
	if m.within <= 0 {
		return false, unexpected(m.matcher, "a time to wait", m.within)
	}
	try, err := m.way()
	if err != nil {
		return false, err
	}
	s, err := setOf(m.matcher, actual)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), m.within)
	defer cancel()
	e := inNetworkOf(s, func() { m.cause, err = try(ctx) })
	if e != nil {
		err = e
	}
	if err != nil {
		return false, fmt.Errorf("%s matcher: %w", m.matcher, err)
	}
	if in := instanceOfActual(actual); in != nil {
		m.cause = in.Explain(m.cause)
	}
	return m.cause == nil, nil
}

func (m *reach) FailureMessage(actual any) string {
	return format.Message(actual, "to reach "+m.address) + "\nbut\n" + lines([]string{m.cause.Error()})
}

func (m *reach) NegatedFailureMessage(actual any) string {
	return format.Message(actual, "not to reach "+m.address) + "\nbut it answered"
}

// way returns how to try: cause is why there was no answer, err why it could not
// be tried.
func (m *reach) way() (try func(context.Context) (cause, err error), err error) {
	if to, err := netip.ParseAddr(m.address); err == nil {
		return func(ctx context.Context) (cause, err error) {
			to, cause := numberZone(to.Unmap())
			if cause != nil {
				return cause, nil
			}
			return ping(ctx, to)
		}, nil
	}
	to, err := netip.ParseAddrPort(m.address)
	if err != nil || to.Port() == 0 {
		return nil, unexpected(m.matcher, "an address such as 192.0.2.1:80 or [2001:db8::1]:80, or 192.0.2.1 to ping it", m.address)
	}
	return func(ctx context.Context) (cause, err error) {
		host, cause := numberZone(to.Addr().Unmap())
		if cause != nil {
			return cause, nil
		}
		// For a single address the dialer makes the socket on this goroutine.
		conn, cause := new(net.Dialer).DialContext(ctx, "tcp", netip.AddrPortFrom(host, to.Port()).String())
		if cause != nil {
			return cause, nil
		}
		return nil, conn.Close()
	}, nil
}

// numberZone replaces the name of an interface by its number. Package net would
// look the name up in a table that it keeps for a minute, whichever network
// namespace it is from.
func numberZone(address netip.Addr) (netip.Addr, error) {
	if address.Zone() == "" {
		return address, nil
	}
	device, err := net.InterfaceByName(address.Zone())
	if err != nil {
		return address, fmt.Errorf("interface %s: %w", address.Zone(), err)
	}
	return address.WithZone(strconv.Itoa(device.Index)), nil
}
