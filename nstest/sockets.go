// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// DialContext connects to an address in the fixture's network namespace, from
// whichever goroutine, see [set.Set.DialContext]. That it fails is for the test to
// judge.
func (f *Fixture) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	r := f.room()
	if err := r.lacksNet(); err != nil {
		return nil, err // this may be any goroutine, one that cannot end the test
	}
	return r.set.DialContext(ctx, network, address)
}

// Listen listens in the fixture's network namespace, for the rest of the test at
// most, see [set.Set.Listen].
func (f *Fixture) Listen(network, address string) net.Listener {
	r := f.room()
	r.tb.Helper()
	r.needNet()
	l, err := r.set.Listen(network, address)
	if err != nil {
		r.tb.Fatalf("nstest: %s: %v", r.name, err)
	}
	r.closeAtEnd(l)
	return l
}

// ListenPacket listens for packets in the fixture's network namespace, for the
// rest of the test at most, see [set.Set.ListenPacket].
func (f *Fixture) ListenPacket(network, address string) net.PacketConn {
	r := f.room()
	r.tb.Helper()
	r.needNet()
	c, err := r.set.ListenPacket(network, address)
	if err != nil {
		r.tb.Fatalf("nstest: %s: %v", r.name, err)
	}
	r.closeAtEnd(c)
	return c
}

// HTTPClient returns a client whose connections are in the fixture's network
// namespace. It uses no proxy, keeps connections alive, and closes those when
// the test ends.
func (f *Fixture) HTTPClient() *http.Client {
	r := f.room()
	r.tb.Helper()
	r.needNet()
	transport := &http.Transport{DialContext: r.set.DialContext, ForceAttemptHTTP2: true}
	r.tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// lacksNet keeps a test that forgot NS_NET off the host's network.
func (r *room) lacksNet() error {
	if flags := r.set.Flags(); flags&set.NS_NET == 0 {
		return fmt.Errorf("nstest: %s: the fixture has no net namespace, only %s", r.name, set.KindNames(flags))
	}
	return nil
}

func (r *room) needNet() {
	r.tb.Helper()
	if err := r.lacksNet(); err != nil {
		r.tb.Fatal(err)
	}
}

// closeAtEnd closes what the test may have closed itself.
func (r *room) closeAtEnd(c io.Closer) {
	r.cleanup(r.tb, func() error {
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
}
