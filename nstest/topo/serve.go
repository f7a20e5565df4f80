// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
)

// servers are those of a node, nil where it has none.
type servers struct {
	advertiser *advertiser
	dhcp4      *dhcp4Server
	dhcp6      *dhcp6Server
}

// services are what answers the neighbours of nodes, each on a goroutine of its own until the network ends.
type services struct {
	running sync.WaitGroup

	mu    sync.Mutex
	conns []io.Closer
	errs  []error // of what has failed
}

// own closes what has goroutines of its own when the network ends.
func (s *services) own(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
}

// serve runs a service until its socket is closed.
func (s *services) serve(what string, conn io.Closer, loop func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, conn)
	s.running.Go(func() {
		if err := loop(); !errors.Is(err, net.ErrClosed) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.errs = append(s.errs, fmt.Errorf("%s: %w", what, err))
		}
	})
}

// end ends all services, and returns how they have failed.
func (s *services) end() error {
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	var errs []error
	for _, conn := range conns {
		errs = append(errs, conn.Close())
	}
	s.running.Wait() // and nobody adds to what has failed any more
	errs = append(errs, s.errs...)
	s.errs = nil
	return errors.Join(errs...)
}

// askAgain is how long a client waits for an answer at first, and then twice as long each time, up to askAgainMost.
const (
	askAgain     = time.Second
	askAgainMost = 4 * time.Second
)

// ask sends a message until there is an answer, and returns how often. At the deadline the error is an
// os.ErrDeadlineExceeded, with the one of sending.
func ask[M any](deadline time.Time, send func() error, receive func(until time.Time) (M, error)) (answer M, times int, err error) {
	for wait := askAgain; ; wait = min(2*wait, askAgainMost) {
		times++
		sent := send()
		until := time.Now().Add(wait)
		if until.After(deadline) {
			until = deadline
		}
		answer, err = receive(until)
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return answer, times, err
		case !until.Before(deadline) && sent != nil:
			return answer, times, fmt.Errorf("%w: the last one could not be sent: %w", err, sent)
		case !until.Before(deadline):
			return answer, times, err
		}
	}
}

// errRefused is in the error of a server that refuses a lease.
var errRefused = errors.New("the server refuses")

// maxPacket is more than any packet of DHCP here has.
const maxPacket = 9000

// listenPacket is net.ListenPacket in the node's network namespace, for sockets of any kind.
func (n *node) listenPacket(network, address string) (net.PacketConn, error) {
	return inside.Get(n.fixture.Set(), func() (net.PacketConn, error) { return net.ListenPacket(network, address) })
}

// listenShared is listenPacket for a port that other sockets of the node may have, too: on one device, or on all if it is "".
func (n *node) listenShared(network, address, device string) (net.PacketConn, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		err := sys.ShareAddress(raw)
		if err == nil && device != "" {
			err = sys.BindToDevice(raw, device)
		}
		return err
	}}
	return inside.Get(n.fixture.Set(), func() (net.PacketConn, error) {
		return config.ListenPacket(context.Background(), network, address)
	})
}
