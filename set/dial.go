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
func (s Set) dial(ctx context.Context, t address, addrs []netip.AddrPort) (net.Conn, error) {
	primaries, fallbacks := t.split(addrs)
	if len(fallbacks) == 0 {
		return s.dialSerial(ctx, t, primaries)
	}
	ctx, cancel := context.WithCancel(ctx)
	r := race{results: make(chan raced, 2)}
	defer r.finish()
	defer cancel()
	r.start(true, func() (net.Conn, error) { return s.dialSerial(ctx, t, primaries) })
	late := time.After(fallbackDelay)
	var failed error
	for both := false; r.running > 0; {
		select {
		case got := <-r.results:
			r.running--
			if got.err == nil {
				return got.conn, nil
			}
			if got.primary {
				failed = got.err
			}
		case <-late:
		}
		if !both {
			both = true
			r.start(false, func() (net.Conn, error) { return s.dialSerial(ctx, t, fallbacks) })
		}
	}
	return nil, failed
}

// A race is between the two families of addresses.
type race struct {
	results chan raced // has room for both
	running int
}

type raced struct {
	primary bool
	conn    net.Conn
	err     error
}

func (r *race) start(primary bool, dial func() (net.Conn, error)) {
	r.running++
	go func() {
		conn, err := dial()
		r.results <- raced{primary, conn, err}
	}()
}

// finish waits for the attempts that still run, and closes what they have connected.
func (r *race) finish() {
	for range r.running {
		if late := <-r.results; late.conn != nil {
			_ = late.conn.Close() // it was not handed out
		}
	}
}

// split separates the addresses of the first one's family from the others, if
// they are to be raced.
func (t address) split(addrs []netip.AddrPort) (primaries, fallbacks []netip.AddrPort) {
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
func (s Set) dialSerial(ctx context.Context, t address, addrs []netip.AddrPort) (net.Conn, error) {
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
func (s Set) connect(ctx context.Context, t address, to netip.AddrPort) (net.Conn, error) {
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

func (s Set) connectOnce(ctx context.Context, t address, to netip.AddrPort) (net.Conn, error) {
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
func (t address) socket(ipv6 bool) (*sys.FD, error) {
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
