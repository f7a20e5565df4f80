// SPDX-License-Identifier: Apache-2.0

package tiers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/examples/tiers"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

// A service is the network with its three tiers.
type service struct {
	network                    *topo.Network
	client, web, app, database *topo.Host
}

// How long the tiers wait for each other. The client waits longer than both together.
const (
	ofApp    = 500 * time.Millisecond
	ofWeb    = 2 * time.Second
	ofClient = 20 * time.Second
)

// serviceOf starts the service, with an app of that patience.
func serviceOf(t *testing.T, patience time.Duration) *service {
	n := topo.New(t)
	s := &service{network: n, client: n.Host("client"), web: n.Host("web"), app: n.Host("app"), database: n.Host("database")}
	edge, inner, backend := n.Router("edge"), n.Router("inner"), n.Switch("backend")
	n.Link(s.client, edge)
	n.Link(edge, s.web)
	n.Link(s.web, inner)
	n.Link(inner, backend)
	n.Link(s.app, backend)
	n.Link(s.database, backend)
	n.Up()
	serve(s.database, new(tiers.Database))
	serve(s.app, &tiers.App{Database: "http://database", Client: s.app.HTTPClient(), Patience: patience})
	serve(s.web, tiers.Web(&url.URL{Scheme: "http", Host: "app"}, s.web.HTTPClient().Transport, ofWeb))
	return s
}

// serve has a host answer requests until the test ends.
func serve(h *topo.Host, handler http.Handler) {
	server := &http.Server{Handler: handler}
	go server.Serve(h.Listen("tcp", ":80")) // ends with the listener
}

// put writes a value through all tiers, and get reads it. They return what the answer says in a line.
func (s *service) put(value string) string { return s.ask(http.MethodPut, value) }
func (s *service) get() string             { return s.ask(http.MethodGet, "") }

func (s *service) ask(method, body string) string {
	request, err := http.NewRequest(method, "http://web/colour", strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	client := *s.client.HTTPClient()
	client.Timeout = ofClient
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%d %s", response.StatusCode, answer)
	if response.Header.Get(tiers.StaleHeader) != "" {
		text += " (stale)"
	}
	return text
}

func TestServiceUnderAPartition(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := serviceOf(t, ofApp)
	soon := func(ask func() string, want string) {
		g.Eventually(ask, "20s").Should(Equal(want)) // a machine that has too much to do may need a second request
	}
	soon(func() string { return s.put("green") }, "200 ")
	soon(s.get, "200 green")

	// The app goes on without its database, as far as it can, and does not pretend to have written anything.
	s.network.Partition([]topo.Node{s.app}, []topo.Node{s.database})
	g.Expect(s.get()).To(Equal("200 green (stale)"))
	g.Expect(s.put("red")).To(HavePrefix("503 app: "))
	s.network.Heal()
	soon(s.get, "200 green")
	soon(func() string { return s.put("blue") }, "200 ")
	soon(s.get, "200 blue")

	// The web server says that it has no app, and the app with its database is not disturbed.
	s.network.Partition([]topo.Node{s.web}, []topo.Node{s.app, s.database})
	g.Expect(s.get()).To(HavePrefix("504 web: "))
	s.network.Heal()
	soon(s.get, "200 blue")
}

// An app that waits for ever makes its trouble that of all in front of it.
func TestAnAppWithoutPatienceIsFound(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := serviceOf(t, 0)
	g.Eventually(func() string { return s.put("green") }, "20s").Should(Equal("200 "))
	g.Eventually(s.get, "20s").Should(Equal("200 green"))
	s.network.Partition([]topo.Node{s.app}, []topo.Node{s.database})
	g.Expect(s.get()).To(HavePrefix("504 web: "), "though the app knows the value")
}
