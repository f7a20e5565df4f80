// SPDX-License-Identifier: Apache-2.0

package raft_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestMain(m *testing.M) { nstest.Main(m) }

// patience is more than any run needs: elections, and connections that are made again.
const patience = 30 * time.Second

// Whichever frame is lost, all servers apply all entries, in the same order and once.
func TestAClusterGetsByWithoutAnyFrame(t *testing.T) {
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		lan := n.Switch("lan")
		var hosts []*topo.Host
		var members []raft.Server
		for _, name := range []string{"one", "two", "three"} {
			h := n.Host(name)
			n.Link(h, lan)
			hosts = append(hosts, h)
			members = append(members, raft.Server{ID: raft.ServerID(name), Address: raft.ServerAddress(net.JoinHostPort(name, "8300"))})
		}
		n.Up()
		var servers []*server
		leads := make(chan raft.Observation, 100)
		for i, h := range slices.Backward(hosts) { // the eager one is the last, when the others listen
			s := serve(t, h, members, leads, i == 0)
			servers = append(servers, s)
			t.Cleanup(func() {
				if err := errors.Join(s.Shutdown().Error(), s.closes()); err != nil {
					t.Error(err)
				}
			})
		}
		var want []string
		for i := range 3 {
			entry := fmt.Sprintf("entry %d", i)
			want = append(want, entry)
			if err := agree(ctx, servers, leads, entry); err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range servers {
			if got := s.entries.waitFor(ctx, want); !slices.Equal(got, want) {
				t.Errorf("server %d has applied %q, want %q", i, got, want)
			}
		}
	}, topo.Limit(12))
}

// agree has the cluster take one more entry, once, whoever leads it. It is told when that changes.
func agree(ctx context.Context, servers []*server, leads <-chan raft.Observation, entry string) error {
	unsure := false // whether the cluster has it: a new leader may commit what one that has lost its leadership has sent
	for {
		for _, s := range servers {
			if s.State() != raft.Leader {
				continue
			}
			if unsure {
				err := s.Barrier(patience).Error() // now it has applied all that is ever to be of leaders before it
				if isLost(err) {
					continue
				}
				if err != nil || s.entries.has(entry) {
					return err
				}
			}
			if err := s.Apply([]byte(entry), patience).Error(); !isLost(err) {
				return err
			}
			unsure = true
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: no server leads: %w", entry, ctx.Err())
		case <-leads:
		}
	}
}

// isLost reports whether the server does not lead, or has lost its leadership meanwhile.
func isLost(err error) bool {
	return errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrLeadershipLost)
}
