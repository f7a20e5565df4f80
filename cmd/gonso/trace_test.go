// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	gonso "github.com/seed-1bc5c4a2/gonso/cmd/gonso"
)

// A browser asks for more than the page, over several connections.
func TestThePageOfATraceIsServed(t *testing.T) {
	g := NewWithT(t)
	l, err := net.Listen("tcp", "localhost:0")
	g.Expect(err).NotTo(HaveOccurred())
	page := strings.Repeat("<p>text of a trace</p>", 100_000)
	ended := make(chan error)
	go func() { ended <- gonso.Serve(l, []byte(page)) }()
	for _, path := range []string{"", "favicon.ico"} {
		reply, err := http.Get("http://" + l.Addr().String() + "/" + path)
		g.Expect(err).NotTo(HaveOccurred())
		body, err := io.ReadAll(reply.Body)
		g.Expect(errors.Join(err, reply.Body.Close())).To(Succeed())
		g.Expect(string(body)).To(Equal(page))
		g.Expect(reply.Header.Get("Content-Type")).To(Equal("text/html; charset=utf-8"))
	}
	g.Expect(l.Close()).To(Succeed())
	g.Expect(<-ended).To(MatchError(net.ErrClosed))
}
