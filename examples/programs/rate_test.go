// SPDX-License-Identifier: Apache-2.0

package programs_test

import (
	"encoding/json"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestIperfGetsWhatTheLineCarries(t *testing.T) {
	t.Parallel()
	need.Tool(t, "iperf3", "iperf3")
	n := topo.New(t)
	client, server := n.Host("client"), n.Host("server")
	const rate = 20e6
	n.Link(client, server, topo.Rate(rate), topo.Queue(100))
	n.Up()
	server.Start(server.Command("iperf3", "--server"), nstest.Listening("tcp", ":5201"))

	out, err := client.Command("iperf3", "--client", "server", "--bytes", "2M", "--json").Output()
	if err != nil {
		t.Fatalf("iperf3: %v\n%s", err, out)
	}
	var report struct {
		End struct {
			Received struct {
				BitsPerSecond float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("iperf3 prints %q: %v", out, err)
	}
	// What it counts is without headers, of which the line carries 66 bytes with each 1,448.
	if got := report.End.Received.BitsPerSecond; got > rate || got < rate/4 {
		t.Errorf("iperf3 has received %.1f Mbit/s over a line of %.0f", got/1e6, rate/1e6)
	}
}
