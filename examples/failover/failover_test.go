// SPDX-License-Identifier: Apache-2.0

package failover_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

func TestServiceOutlivesACutLink(t *testing.T) {
	n := topo.New(t)
	client, server := n.Host("client"), n.Host("server")
	west, east := n.Router("west"), n.Router("east")
	n.Link(client, west)
	n.Link(client, east)
	wan := n.Link(west, server)
	backup := n.Link(east, server, topo.Cost(5))
	n.Up()
	serve(server)

	// All is well: answers take the way that costs less.
	expectAnswer(t, client)
	if sent := backup.End(server).Stats().TxBytes; sent >= size {
		t.Errorf("%d bytes go over %v, which costs more than %v", sent, backup, wan)
	}

	// One way is cut: the other one serves.
	wan.Down()
	expectAnswer(t, client)
	if sent := backup.End(server).Stats().TxBytes; sent < size {
		t.Errorf("%v is cut, and only %d bytes go over %v", wan, sent, backup)
	}

	// No way is left, though no link is down: packets vanish, and nobody is told.
	n.Partition([]topo.Node{client}, []topo.Node{server})
	if err := get(t, client, shortly); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request in a partition ends with %v, want nothing but its deadline", err)
	}

	n.Heal()
	wan.Up()
	expectAnswer(t, client)
}

const (
	size    = 100_000 // of an answer, in bytes: more than the kernel sends by itself
	shortly = 300 * time.Millisecond
	long    = 20 * time.Second
)

// serve has the host answer requests.
func serve(h *topo.Host) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, size)) // the client sees what is missing
	})}
	go server.Serve(h.Listen("tcp", ":80")) // ends with the listener
}

func expectAnswer(t *testing.T, client *topo.Host) {
	t.Helper()
	if err := get(t, client, long); err != nil {
		t.Error(err)
	}
}

// get asks the server by its name, over a connection of its own.
func get(t *testing.T, client *topo.Host, limit time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://server/", nil)
	if err != nil {
		return err
	}
	web := client.HTTPClient()
	defer web.CloseIdleConnections()
	response, err := web.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && len(body) != size {
		err = fmt.Errorf("%d bytes answer, want %d", len(body), size)
	}
	return err
}
