// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestWhatIsDialledBeforeUpSaysSo(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b)
	client := a.HTTPClient()
	const want = "topo: a: the network is not up: call Up first: dial tcp: lookup b"
	_, err := a.DialContext(t.Context(), "tcp", "b:80")
	g.Expect(err).To(MatchError(HavePrefix(want)))
	_, err = client.Get("http://b/")
	g.Expect(err).To(MatchError(ContainSubstring(want)))

	serve(a)
	conn, err := a.DialContext(t.Context(), "tcp", "127.0.0.1:80") // is there before
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(conn.Close()).To(Succeed())

	n.Up()
	serve(b)
	response, err := client.Get("http://b/")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.Body.Close()).To(Succeed())
	_, err = a.DialContext(t.Context(), "tcp", net.JoinHostPort(b.Addr4().String(), "1"))
	g.Expect(err).To(MatchError(Not(ContainSubstring("topo"))), "the network is up")
}
