// SPDX-License-Identifier: Apache-2.0

package set

import (
	"context"
	"net"
	"os"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// DialContext connects to an address in the Set's network namespace, or in the
// process's if the Set has none. Networks, addresses, time-outs, Happy Eyeballs and
// errors are those of [net.Dialer.DialContext]. Use it wherever such a function is
// wanted: in a [net/http.Transport], in gRPC, in database drivers.
//
// The socket is made in that namespace and stays there. So the connection can be used
// from anywhere, and closing the Set does not close it. No socket, not even one for
// looking up a name, is made in any other namespace. While DialContext waits for the
// connection, it blocks no thread.
//
// Host names are looked up inside as well, see [Set.LookupNetIP]. So are the interfaces
// in addresses such as "[fe80::1%eth0]:80"; but LocalAddr and RemoteAddr of the
// connection show the name that the process's interface of the same number has. The path
// of a unix socket is looked up in the Set's mount namespace, or in the process's if the
// Set has none. Only abstract sockets, "@name", belong to a network namespace (unix(7)).
//
// DialContext joins the Set's net namespace and, to read the files that it needs for
// names, mnt and uts. It does not join the other kinds, so a user or time namespace in
// the Set is no obstacle. The process needs CAP_SYS_ADMIN in its own user namespace and
// in the one that owns the network namespace (setns(2)). If it lacks that, the error is
// "gonso: setns net: operation not permitted", with the cause.
func (s Set) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := s.acquire("dial"); err != nil {
		return nil, err
	}
	defer s.release()
	if isUnix(network) {
		return dialUnix(ctx, s, network, address)
	}
	t, err := parseAddress(ctx, network, address)
	if err == nil && address == "" {
		err = &net.AddrError{Err: "missing address"}
	}
	if err != nil {
		return nil, opError("dial", network, nil, err)
	}
	addrs, err := s.resolve(ctx, t)
	if err != nil {
		return nil, opError("dial", network, nil, err)
	}
	return s.dial(ctx, t, addrs)
}

// Listen listens in the Set's network namespace, as [net.Listen] does. The connections
// that it accepts are in there too. The listener can be used from anywhere, and closing
// the Set does not close it. See [Set.DialContext] for names and paths.
//
// Two things differ: sockets for TCP do not speak MPTCP, and a unix socket in
// another mount namespace than the process's leaves its file there when the
// listener is closed.
func (s Set) Listen(network, address string) (net.Listener, error) {
	if err := s.acquire("listen"); err != nil {
		return nil, err
	}
	defer s.release()
	if isUnix(network) {
		return listenUnix(s, network, address)
	}
	f, err := s.listen(network, address, sys.Stream)
	if err != nil {
		return nil, err
	}
	defer f.Close() // package net has a descriptor of its own
	l, err := net.FileListener(f)
	if err != nil {
		return nil, opError("listen", network, nil, fileError(err))
	}
	return l, nil
}

// ListenPacket listens for packets in the Set's network namespace, as
// [net.ListenPacket] does. See [Set.Listen].
func (s Set) ListenPacket(network, address string) (net.PacketConn, error) {
	if err := s.acquire("listen"); err != nil {
		return nil, err
	}
	defer s.release()
	if isUnix(network) {
		return listenPacketUnix(s, network, address)
	}
	f, err := s.listen(network, address, sys.Datagram)
	if err != nil {
		return nil, err
	}
	defer f.Close() // package net has a descriptor of its own
	conn, err := net.FilePacketConn(f)
	if err != nil {
		return nil, opError("listen", network, nil, fileError(err))
	}
	return conn, nil
}

// inside runs f on a thread that has joined the Set in the kinds in flags, and is
// the process's in all others. The Set has been acquired.
func (s Set) inside(flags int, f func() error) (err error) {
	onThread(func() (clean bool) {
		var moved int
		if moved, err = s.join(s.differs & flags); err == nil {
			err = f()
		}
		return procns.Restore(moved)
	})
	return err
}

// opError wraps an error as package net does, but for one that says the Set
// could not be joined: that is no matter of the network.
func opError(op, network string, addr net.Addr, err error) error {
	if e, ok := err.(*Error); ok { // only itself, not what it wraps
		return e
	}
	return &net.OpError{Op: op, Net: network, Addr: addr, Err: err}
}

// Unix sockets are left to package net: to make and connect them takes one
// goroutine, and never blocks.

func isUnix(network string) bool { return strings.HasPrefix(network, "unix") }

func dialUnix(ctx context.Context, s Set, network, path string) (conn net.Conn, err error) {
	err = s.inside(NS_NET|NS_MNT, func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, path)
		return err
	})
	return conn, err
}

func listenUnix(s Set, network, path string) (l net.Listener, err error) {
	err = s.inside(NS_NET|NS_MNT, func() (err error) {
		l, err = net.Listen(network, path)
		return err
	})
	if u, ok := l.(*net.UnixListener); ok && s.differs&NS_MNT != 0 {
		// Close would remove a file of the same name in another namespace.
		u.SetUnlinkOnClose(false)
	}
	return l, err
}

func listenPacketUnix(s Set, network, path string) (conn net.PacketConn, err error) {
	err = s.inside(NS_NET|NS_MNT, func() (err error) {
		conn, err = net.ListenPacket(network, path)
		return err
	})
	return conn, err
}

// file makes the descriptor of a socket one that package net and the runtime's
// poller take.
func file(fd *sys.FD, network string) *os.File {
	return os.NewFile(uintptr(fd.Disown()), network)
}
