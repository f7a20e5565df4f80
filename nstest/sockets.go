// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// DialContext connects to an address in the fixture's network namespace, on any goroutine, see
// [set.Set.DialContext]. An error does not make the test fail: that is for the test to decide.
func (f *Fixture) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	in := f.load()
	switch {
	case f == nil:
		return nil, errors.New(noFixture)
	case in == nil:
		return nil, errors.New(noSpec)
	}
	return in.dial(ctx, network, address)
}

// dial is called by any goroutine, such as one that cannot end the test.
func (in *instance) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := in.lacksNet(); err != nil {
		return nil, err
	}
	if in.Set.Closed() {
		return nil, fmt.Errorf("%s: %w", in.whyClosed(true), net.ErrClosed)
	}
	return in.Set.DialContext(ctx, network, address)
}

// Listen listens in the fixture's network namespace, until the end of the test at most, see [set.Set.Listen].
func (f *Fixture) Listen(network, address string) net.Listener {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.needNet(tb)
	l, err := in.Set.Listen(network, address)
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.Name, in.Explain(err))
	}
	in.closeAtEnd(tb, l)
	return l
}

// ListenPacket listens for packets in the fixture's network namespace, until the end of the test at most, see
// [set.Set.ListenPacket].
func (f *Fixture) ListenPacket(network, address string) net.PacketConn {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.needNet(tb)
	c, err := in.Set.ListenPacket(network, address)
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.Name, in.Explain(err))
	}
	in.closeAtEnd(tb, c)
	return c
}

// HTTPClient returns the fixture's client, whose connections are in its network namespace. It uses no proxy and
// keeps connections alive. When the fixture is closed, these are closed, also if nobody has read or closed a
// response, and dials that are not finished are cancelled. Each call returns the same client: to have another Timeout or Jar, change a copy.
func (f *Fixture) HTTPClient() *http.Client {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.needNet(tb)
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.client == nil {
		in.client = in.newClient()
	}
	return in.client
}

// newClient is called with the lock held.
func (in *instance) newClient() *http.Client {
	dials := &dialling{dial: in.dial, open: make(map[*dialled]bool)}
	dials.ctx, dials.cancel = context.WithCancel(context.Background())
	transport := &http.Transport{DialContext: dials.DialContext, ForceAttemptHTTP2: true}
	in.ends = append(in.ends, func() {
		transport.CloseIdleConnections()
		dials.end()
	})
	return &http.Client{Transport: transport}
}

// A dialling ends what an http.Transport dials, and waits for that: a request that is given up leaves it
// behind, with the Set in use all the while. It also closes the connections, since a transport only does that to
// those whose responses were read to the end.
type dialling struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	ctx    context.Context
	cancel context.CancelFunc
	calls  sync.WaitGroup

	mu   sync.Mutex // so that none begins while end waits
	open map[*dialled]bool
}

// A dialled is a connection that is to be closed at the end, if it has not been by then.
type dialled struct {
	net.Conn
	by *dialling
}

func (c *dialled) Close() error {
	c.by.mu.Lock()
	delete(c.by.open, c)
	c.by.mu.Unlock()
	return c.Conn.Close()
}

func (d *dialling) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	ended := d.ctx.Err() != nil
	if !ended {
		d.calls.Add(1)
	}
	d.mu.Unlock()
	if ended {
		return d.dial(d.ctx, network, address) // says whose the fixture was
	}
	defer d.calls.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(d.ctx, cancel)()
	defer cancel()
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &dialled{conn, d}
	d.mu.Lock()
	d.open[c] = true
	d.mu.Unlock()
	return c, nil
}

func (d *dialling) end() {
	d.mu.Lock()
	d.cancel()
	d.mu.Unlock()
	d.calls.Wait()
	d.mu.Lock()
	left := slices.Collect(maps.Keys(d.open))
	d.mu.Unlock()
	for _, c := range left {
		_ = c.Close() // which the transport may do at the same time
	}
}

// lacksNet keeps a test that forgot NS_NET off the host's network.
func (in *instance) lacksNet() error {
	if flags := in.Set.Flags(); flags&set.NS_NET == 0 {
		return fmt.Errorf("nstest: %s: the fixture has no net namespace, only %s", in.Name, set.KindNames(flags))
	}
	return nil
}

func (in *instance) needNet(tb testing.TB) {
	tb.Helper()
	if err := in.lacksNet(); err != nil {
		tb.Fatal(err)
	}
}

// closeAtEnd closes what the test may have closed itself.
func (in *instance) closeAtEnd(tb testing.TB, c io.Closer) {
	tb.Helper()
	in.cleanup(tb, func() error {
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
}
