// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
)

// A Tunnel lets a child that has a network namespace of its own connect to an address of
// this process's network, under the same address:
//
//  1. The child listens in its network ([Dig]), and sends the listening socket here. It stays in
//     the network that it was made in, whoever accepts from it (network_namespaces(7)).
//  2. This process connects to the address in its own network for each connection that it
//     accepts, and copies both ways.
type Tunnel struct {
	address string
	end     *os.File // the child's, for its ExtraFiles
	ours    *net.UnixConn

	serving sync.WaitGroup
	mu      sync.Mutex
	closed  bool
	open    []io.Closer // what somebody may wait for
}

// NewTunnel makes a tunnel to a TCP address of this process's network.
func NewTunnel(address string) (t *Tunnel, err error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("tunnel to %s: %w", address, os.NewSyscallError("socketpair", err))
	}
	t = &Tunnel{address: address, end: os.NewFile(uintptr(pair[0]), "tunnel")}
	if t.ours, err = unixConn(os.NewFile(uintptr(pair[1]), "tunnel")); err != nil {
		return nil, errors.Join(fmt.Errorf("tunnel to %s: %w", address, err), t.end.Close())
	}
	return t, nil
}

// End is what the child is to give to [Dig].
func (t *Tunnel) End() *os.File { return t.end }

// Serve begins to serve a child that was started. What goes wrong goes to report.
func (t *Tunnel) Serve(report func(error)) error {
	t.serving.Go(func() {
		if err := t.serve(); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
			report(fmt.Errorf("tunnel to %s: %w", t.address, err))
		}
	})
	return t.end.Close()
}

// Close ends the tunnel, with all connections through it.
func (t *Tunnel) Close() error {
	_ = t.end.Close() // again, unless it was never served
	t.mu.Lock()
	t.closed = true
	err := t.ours.Close()
	for _, c := range t.open {
		_ = c.Close() // whoever uses it is told
	}
	t.mu.Unlock()
	t.serving.Wait()
	return err
}

// keep has Close close c; it reports whether there still is a tunnel.
func (t *Tunnel) keep(c io.Closer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = c.Close() // never used
		return false
	}
	t.open = append(t.open, c)
	return true
}

// drop closes c.
func (t *Tunnel) drop(c io.Closer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = slices.DeleteFunc(t.open, func(other io.Closer) bool { return other == c })
	_ = c.Close() // both sides have said that it is over, or Close has
}

func (t *Tunnel) serve() error {
	l, err := receiveListener(t.ours)
	if err != nil {
		return err
	}
	if !t.keep(l) {
		return nil
	}
	defer t.drop(l)
	for {
		inner, err := l.Accept()
		if err != nil {
			return err
		}
		t.serving.Go(func() { t.pass(inner.(*net.TCPConn)) })
	}
}

// pass connects one connection. Where that fails, the child sees that it is closed, as if the
// server had done so.
func (t *Tunnel) pass(inner *net.TCPConn) {
	if !t.keep(inner) {
		return
	}
	defer t.drop(inner)
	outer, err := net.Dial("tcp", t.address)
	if err != nil || !t.keep(outer) {
		return
	}
	defer t.drop(outer)
	var there sync.WaitGroup
	there.Go(func() { copyHalf(outer.(*net.TCPConn), inner) })
	copyHalf(inner, outer.(*net.TCPConn))
	there.Wait()
}

// copyHalf copies what comes one way, and passes on its end. An error ends the connection, which
// the other way notices.
func copyHalf(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		_ = from.Close()
	}
	_ = to.CloseWrite()
}

// Dig has connections to address end in the network of the parent, whose tunnel's end this is.
func Dig(end *os.File, address string) (err error) {
	conn, err := unixConn(end)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, _, err = conn.WriteMsgUnix([]byte{0}, syscall.UnixRights(int(file.Fd())), nil)
	return err
}

func receiveListener(from *net.UnixConn) (net.Listener, error) {
	var message [1]byte
	control := make([]byte, syscall.CmsgSpace(4)) // of one descriptor
	n, cn, _, _, err := from.ReadMsgUnix(message[:], control)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF // the child has nothing to send
	}
	messages, err := syscall.ParseSocketControlMessage(control[:cn])
	if err != nil {
		return nil, os.NewSyscallError("recvmsg", err)
	}
	if len(messages) == 0 {
		return nil, errors.New("the child sent no socket")
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, os.NewSyscallError("recvmsg", err)
	}
	file := os.NewFile(uintptr(fds[0]), "listener") // close-on-exec, as package net asks for
	l, err := net.FileListener(file)
	return l, errors.Join(err, file.Close())
}

// unixConn makes a connection of a socket, whose file it closes.
func unixConn(file *os.File) (*net.UnixConn, error) {
	conn, err := net.FileConn(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}
