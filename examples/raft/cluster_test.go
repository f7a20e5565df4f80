// SPDX-License-Identifier: Apache-2.0

package raft_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// A server is one of a cluster.
type server struct {
	*raft.Raft
	entries *entries
	closes  func() error
}

// A stream has connections that are made in a host.
type stream struct {
	net.Listener
	host *topo.Host
	name string
}

var _ raft.StreamLayer = stream{}

func (s stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return s.host.DialContext(ctx, "tcp", string(address))
}

// Addr is what other servers dial.
func (s stream) Addr() net.Addr { return named(s.name) }

type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) }

// entries are what a server has applied, in order.
type entries struct {
	mu    sync.Mutex
	list  []string
	added chan struct{} // is closed when there is one more
}

var _ raft.FSM = (*entries)(nil)

func (e *entries) Apply(entry *raft.Log) any {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, string(entry.Data))
	close(e.added)
	e.added = make(chan struct{})
	return nil
}

func (e *entries) Snapshot() (raft.FSMSnapshot, error) { return nil, errors.ErrUnsupported }
func (e *entries) Restore(io.ReadCloser) error         { return errors.ErrUnsupported }

func (e *entries) has(entry string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.list, entry)
}

// waitFor waits until there are those entries. It returns what there is, if that is something else.
func (e *entries) waitFor(ctx context.Context, want []string) (got []string) {
	for {
		e.mu.Lock()
		got, added := slices.Clone(e.list), e.added
		e.mu.Unlock()
		if slices.Equal(got, want) {
			return got
		}
		select {
		case <-added:
		case <-ctx.Done():
			return got
		}
	}
}

// The times of a cluster, which are less than those of package raft, so that no run takes long.
const (
	heartbeat = 300 * time.Millisecond
	dialTime  = time.Second
)

// serve starts a server, which says who leads the cluster. One that is eager asks for votes long before the others do, so that each run begins alike.
func serve(t *testing.T, h *topo.Host, members []raft.Server, leads chan raft.Observation, eager bool) *server {
	t.Helper()
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(h.Name())
	config.HeartbeatTimeout, config.ElectionTimeout, config.LeaderLeaseTimeout = heartbeat, heartbeat, heartbeat
	if !eager {
		config.HeartbeatTimeout, config.ElectionTimeout = 4*heartbeat, 4*heartbeat
	}
	config.CommitTimeout = heartbeat / 2
	config.LogOutput = t.Output()
	layer := stream{h.Listen("tcp", ":8300"), h, net.JoinHostPort(h.Name(), "8300")}
	transport := raft.NewNetworkTransport(layer, 1, dialTime, t.Output())
	store, fsm := raft.NewInmemStore(), &entries{added: make(chan struct{})}
	if err := raft.BootstrapCluster(config, store, store, raft.NewInmemSnapshotStore(), transport, raft.Configuration{Servers: members}); err != nil {
		t.Fatal(err)
	}
	r, err := raft.NewRaft(config, fsm, store, store, raft.NewInmemSnapshotStore(), transport)
	if err != nil {
		t.Fatal(err)
	}
	r.RegisterObserver(raft.NewObserver(leads, false, func(o *raft.Observation) bool {
		_, is := o.Data.(raft.LeaderObservation)
		return is
	}))
	return &server{r, fsm, transport.Close}
}
