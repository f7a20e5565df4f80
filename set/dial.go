// SPDX-License-Identifier: Apache-2.0

package set

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// fallbackDelay is how long one family of addresses is tried alone (RFC 6555).
const fallbackDelay = 300 * time.Millisecond

// dial connects to the first of the addresses that answers. All that it began
// has ended when it returns.
//
// For a TCP host with both families there are two racers: one tries the family
// of the first address; once it failed, or fallbackDelay is over, the other
// one tries the rest.
func (s Set) dial(ctx context.Context, t target, addrs []netip.AddrPort) (net.Conn, error) {
	primaries, fallbacks := t.split(addrs)
	if len(fallbacks) == 0 {
		return s.dialSerial(ctx, t, primaries)
	}
	type result struct {
		conn    net.Conn
		err     error
		primary bool
	}
	results := make(chan result, 2)
	ctx, cancel := context.WithCancel(ctx)
	race := func(addrs []netip.AddrPort, primary bool) {
		conn, err := s.dialSerial(ctx, t, addrs)
		results <- result{conn, err, primary}
	}
	running := 1
	go race(primaries, true)
	defer func() {
		cancel()
		for range running {
			if late := <-results; late.conn != nil {
				_ = late.conn.Close() // nobody has seen it
			}
		}
	}()
	timer := time.NewTimer(fallbackDelay)
	defer timer.Stop()
	var failed error
	for waiting := true; waiting || running > 0; {
		select {
		case <-timer.C:
			waiting = false
			running++
			go race(fallbacks, false)
		case r := <-results:
			running--
			if r.err == nil {
				return r.conn, nil
			}
			if r.primary {
				failed = r.err
				if timer.Stop() {
					timer.Reset(0)
				}
			}
		}
	}
	return nil, failed
}

// split separates the addresses of the first one's family from the others, if
// they are to be raced.
func (t target) split(addrs []netip.AddrPort) (primaries, fallbacks []netip.AddrPort) {
	if t.kind != sys.Stream || t.family != 0 {
		return addrs, nil
	}
	for _, addr := range addrs {
		if addr.Addr().Is4() == addrs[0].Addr().Is4() {
			primaries = append(primaries, addr)
		} else {
			fallbacks = append(fallbacks, addr)
		}
	}
	return primaries, fallbacks
}

// dialSerial tries one address after the other. The error for the first one is
// that for all.
func (s Set) dialSerial(ctx context.Context, t target, addrs []netip.AddrPort) (net.Conn, error) {
	var failed error
	for i, addr := range addrs {
		ctx, cancel := share(ctx, len(addrs)-i)
		conn, err := s.connect(ctx, t, addr)
		cancel()
		if err == nil {
			return conn, nil
		}
		if failed == nil {
			failed = err
		}
	}
	return nil, failed
}

// share gives the next of so many addresses an equal share of the time that is
// left, though not less than saneMinimum if there is as much.
func share(ctx context.Context, addrs int) (context.Context, context.CancelFunc) {
	const saneMinimum = 2 * time.Second
	deadline, ok := ctx.Deadline()
	if !ok || addrs == 1 {
		return context.WithCancel(ctx)
	}
	left := time.Until(deadline)
	return context.WithTimeout(ctx, max(left/time.Duration(addrs), min(left, saneMinimum)))
}

// connect connects to one address. The kernel may pick a local port that is in
// use, or connect a socket to itself; package net tries again too
// (net/tcpsock_posix.go).
func (s Set) connect(ctx context.Context, t target, to netip.AddrPort) (net.Conn, error) {
	for again := 2; ; again-- {
		conn, err := s.connectOnce(ctx, t, to)
		if again == 0 || t.kind != sys.Stream {
			return conn, err
		}
		switch {
		case errors.Is(err, syscall.EADDRNOTAVAIL):
		case err == nil && conn.LocalAddr().String() == conn.RemoteAddr().String():
			if err := conn.Close(); err != nil {
				return nil, err
			}
		default:
			return conn, err
		}
	}
}

func (s Set) connectOnce(ctx context.Context, t target, to netip.AddrPort) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, opError("dial", t.network, t.addr(to), err)
	}
	var fd *sys.FD
	inside := to
	err := s.inside(NS_NET, func() (err error) {
		if inside, err = numberZone(to); err != nil {
			return err
		}
		fd, err = t.socket(to.Addr().Is6())
		return err
	})
	if err != nil {
		return nil, opError("dial", t.network, t.addr(to), err)
	}
	f := file(fd, t.network)
	defer f.Close() // package net has a descriptor of its own
	if err := waitConnected(ctx, f, inside); err != nil {
		return nil, opError("dial", t.network, t.addr(to), err)
	}
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, opError("dial", t.network, t.addr(to), fileError(err))
	}
	return conn, nil
}

// fileError leaves out that package net was given a file.
func fileError(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err
	}
	return err
}

// socket makes a socket for the target in the calling thread's network
// namespace, with the options that package net sets (net/sockopt_linux.go).
func (t target) socket(ipv6 bool) (*sys.FD, error) {
	fd, err := sys.Socket(ipv6, t.kind, t.protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if ipv6 && t.kind != sys.Raw {
		err = fd.SetV6Only(t.family == '6')
	}
	if err == nil && t.kind != sys.Stream {
		err = fd.SetBroadcast()
	}
	if err != nil {
		_ = fd.Close() // nobody has used it
		return nil, os.NewSyscallError("setsockopt", err)
	}
	return fd, nil
}

// numberZone replaces the name of an interface by the number that it has in the
// calling thread's network namespace.
func numberZone(addr netip.AddrPort) (netip.AddrPort, error) {
	ip := addr.Addr()
	if _, err := strconv.ParseUint(ip.Zone(), 10, 32); ip.Zone() == "" || err == nil {
		return addr, nil
	}
	index, err := sys.InterfaceIndex(ip.Zone())
	if err != nil {
		return addr, fmt.Errorf("%s: interface %s: %w", ip, ip.Zone(), err)
	}
	return netip.AddrPortFrom(ip.WithZone(strconv.Itoa(index)), addr.Port()), nil
}

// waitConnected connects a socket. The runtime's poller waits, no thread.
func waitConnected(ctx context.Context, f *os.File, to netip.AddrPort) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })
	waitErr := raw.Write(func(n uintptr) (done bool) {
		done, err = sys.Connect(int(n), to)
		return done || err != nil
	})
	if !stop() {
		return ctx.Err()
	}
	if err != nil {
		return os.NewSyscallError("connect", err)
	}
	return waitErr
}
