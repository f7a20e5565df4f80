// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// servers are those of a node, nil where it has none.
type servers struct {
	advertiser *advertiser
	dhcp4      *dhcp4Server
}

// services are what answers the neighbours of nodes, each on a goroutine of its own until the network ends.
type services struct {
	running sync.WaitGroup

	mu    sync.Mutex
	conns []io.Closer
	errs  []error // of what has failed
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
	for _, conn := range conns {
		if err := conn.Close(); err != nil {
			s.errs = append(s.errs, err)
		}
	}
	s.running.Wait()
	errs := s.errs
	s.errs = nil
	return errors.Join(errs...)
}

// listenPacket is net.ListenPacket in the node's network namespace, for sockets of any kind.
func (n *node) listenPacket(network, address string) (conn net.PacketConn, err error) {
	e := n.fixture.Set().Do(func() { conn, err = net.ListenPacket(network, address) })
	return conn, errors.Join(e, err)
}
