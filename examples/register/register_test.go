// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/examples/register"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// replicaVar makes this program a replica, whose address is its value.
const replicaVar = "REGISTER_REPLICA"

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) {
	if address := os.Getenv(replicaVar); address != "" {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(address, new(register.Replica)))
		os.Exit(1)
	}
	nstest.Main(m)
}

// A cluster is five replicas and two clients on one switch.
type cluster struct {
	*topo.Network
	left, right         *register.Client
	leftSide, rightSide []topo.Node
	history             *register.History
}

func newCluster(t *testing.T, quorum int) *cluster {
	c := &cluster{Network: topo.New(t), history: register.NewHistory()}
	lan := c.Switch("lan")
	join := func(name string, side *[]topo.Node) *topo.Host {
		host := c.Host(name)
		c.Link(host, lan)
		*side = append(*side, host)
		return host
	}
	left, right := join("left", &c.leftSide), join("right", &c.rightSide)
	replicas := []*topo.Host{
		join("replica1", &c.leftSide), join("replica2", &c.leftSide),
		join("replica3", &c.rightSide), join("replica4", &c.rightSide), join("replica5", &c.rightSide),
	}
	c.Up()
	var names []string
	for _, host := range replicas {
		replica := host.Command(os.Args[0])
		replica.Env = append(os.Environ(), replicaVar+"=:80")
		host.Start(replica, nstest.Listening("tcp", ":80"))
		names = append(names, host.Name())
	}
	client := func(host *topo.Host) *register.Client {
		return &register.Client{Name: host.Name(), HTTP: host.HTTPClient(), Replicas: names, Quorum: quorum}
	}
	c.left, c.right = client(left), client(right)
	t.Cleanup(func() {
		if t.Failed() {
			for _, o := range c.history.Operations() {
				t.Log(o)
			}
		}
	})
	return c
}

const (
	shortly = 300 * time.Millisecond
	long    = 20 * time.Second
)

// use has clients write and read at the same time, each some values of its own.
func (c *cluster) use(t *testing.T, phase string, clients ...*register.Client) {
	t.Helper()
	var all sync.WaitGroup
	for _, client := range clients {
		all.Go(func() {
			for i := range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), long)
				err := c.history.Write(ctx, client, fmt.Sprintf("%s %s %d", phase, client.Name, i))
				_, readErr := c.history.Read(ctx, client)
				cancel()
				if err := errors.Join(err, readErr); err != nil {
					t.Errorf("%s, %s: %v", phase, client.Name, err)
				}
			}
		})
	}
	all.Wait()
}

func TestTheMajorityGoesOnAndTheMinorityWaits(t *testing.T) {
	c := newCluster(t, 3)
	c.use(t, "together", c.left, c.right)

	c.Partition(c.leftSide, c.rightSide)
	c.use(t, "split", c.right)
	ctx, cancel := context.WithTimeout(t.Context(), shortly)
	defer cancel()
	if err := c.history.Write(ctx, c.left, "in vain"); !errors.Is(err, register.ErrNoQuorum) {
		t.Errorf("with two of five replicas a write ends with %v, want %v", err, register.ErrNoQuorum)
	}
	if value, err := c.history.Read(ctx, c.left); !errors.Is(err, register.ErrNoQuorum) {
		t.Errorf("with two of five replicas a read ends with %q, %v, want %v", value, err, register.ErrNoQuorum)
	}

	c.Heal()
	c.use(t, "healed", c.left, c.right)
	if !register.Linearizable(c.history.Operations()) {
		t.Error("no single register could have done this")
	}
}

// Two of five are no majority: what one side writes the other one does not read. Nobody gets an
// error, and only the history shows it.
func TestTwoOfFiveAreNotEnough(t *testing.T) {
	c := newCluster(t, 2)
	c.use(t, "together", c.left, c.right)
	c.Partition(c.leftSide, c.rightSide)
	if err := c.history.Write(t.Context(), c.left, "left"); err != nil {
		t.Error(err)
	}
	if value, err := c.history.Read(t.Context(), c.right); err != nil || value == "left" {
		t.Errorf("over the partition, %q is read, %v", value, err)
	}
	if register.Linearizable(c.history.Operations()) {
		t.Error("both sides of a split network agree")
	}
}
