// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestTheJournalKnowsTheNetworkAndWhatIsDoneToIt(t *testing.T) {
	g := NewWithT(t)
	var told []string
	defer journal.Listen(func(tb testing.TB, e journal.Entry) {
		switch {
		case tb != t:
		case e.NewNode != nil:
			told = append(told, fmt.Sprintf("%s %s", e.NewNode.Role, e.NewNode.Name))
			g.Expect(e.NewNode.ID).To(Equal(e.NewNode.Namespaces["net"]))
		case e.NewLink != nil:
			told = append(told, fmt.Sprintf("link %s", e.NewLink.ID))
		case e.Seed != "":
			told = append(told, "seed "+e.Seed)
		case e.Kind == "fault":
			text := e.Kind + " " + e.Text
			if e.Condition != nil {
				text += fmt.Sprintf(": %s up %t, %q, bad %t", e.Link, e.Condition.Up, e.Condition.Text, e.Condition.Bad)
			}
			told = append(told, text)
			g.Expect(e.Where.File).To(HaveSuffix("journal_linux_test.go"))
		}
	})()
	n := topo.New(t, topo.Seed(7))
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	lan, wan := n.Link(client, router), n.Link(router, server, topo.Delay(time.Millisecond))
	n.Up()
	wan.Set(topo.Loss(0.5))
	lan.Down()
	lan.Up()
	n.Partition([]topo.Node{client}, []topo.Node{server})
	g.Expect(told).To(Equal([]string{
		"host client", "router router", "host server",
		"link client/eth0-router/eth0", "link router/eth1-server/eth0",
		`fault the link router-server begins: delay 1ms: router/eth1-server/eth0 up true, "delay 1ms", bad false`,
		"seed 7",
		`fault set router-server: delay 1ms, loss 50%: router/eth1-server/eth0 up true, "delay 1ms, loss 50%", bad true`,
		`fault cut client-router: client/eth0-router/eth0 up false, "", bad true`,
		`fault mend client-router: client/eth0-router/eth0 up true, "", bad false`,
		"fault partition [client] [server]",
	}))
}
