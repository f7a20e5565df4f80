// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// What tcpdump sees at the far end is what filters have seen, to the last byte: segments that the kernel has divided, with their
// checksums, fragments, tags of VLANs.
func TestTcpdumpSeesAtTheFarEndWhatFiltersSee(t *testing.T) {
	need.Tool(t, "tcpdump", "tcpdump")
	nstest.RequireFeatures(t, "setuid") // tcpdump sets root's groups, even to stay root
	w, a, b := joined(t)
	dump := dumped(t, b)
	var sent [][]byte
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		if f.From == a {
			sent = append(sent, f.Bytes())
		}
		return wire.Pass
	})
	raw := newRawSocket(t, a)
	first, last := testFrame(60, 0xff, 0xfe), testFrame(60, 0xff, 0xff)
	raw.send(first) // what the kernel has sent before may have been seen by one of the two
	large := strings.Repeat("large ", 1<<15)
	send(t, a, b, "192.0.2.2", large)
	send(t, a, b, "2001:db8::2", large)
	for _, to := range []string{"192.0.2.2", "2001:db8::2"} {
		segmented(t, a, b, to)
	}
	there := datagrams{t, w, a, b}
	fragments := strings.Repeat("fragment ", 500)
	if got := there.send(fragments); len(got) != 1 || got[0] != fragments {
		t.Errorf("%d datagrams have arrived", len(got))
	}
	raw.send(testFrame(1518, 0x81, 0x00, 0x00, 0x05, 0x12, 0x34))
	raw.send(testFrame(1000, 0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x05, 0x12, 0x34))
	raw.send(last)
	var seen [][]byte
	for len(seen) == 0 || !bytes.Equal(seen[len(seen)-1], last) {
		frame, _, err := dump.ReadPacketData()
		if err != nil {
			t.Fatalf("after %d frames: %v", len(seen), err)
		}
		seen = append(seen, frame)
	}
	remove()
	sent, seen = between(sent, first, last), between(seen, first, last)
	if len(seen) != len(sent) || len(seen) < 2*len(large)/1500 {
		t.Errorf("tcpdump has seen %d frames, the filter %d", len(seen), len(sent))
	}
	for i, frame := range seen[:min(len(seen), len(sent))] {
		if !bytes.Equal(frame, sent[i]) {
			t.Fatalf("frame %d is for tcpdump\n% x\nand for the filter\n% x", i, frame, sent[i])
		}
	}
}

// between returns the frames from the first on, up to the last, or nil if one of them is missing.
func between(frames [][]byte, first, last []byte) [][]byte {
	from := slices.IndexFunc(frames, func(f []byte) bool { return bytes.Equal(f, first) })
	to := slices.IndexFunc(frames, func(f []byte) bool { return bytes.Equal(f, last) })
	if from < 0 || to < from {
		return nil
	}
	return frames[from : to+1]
}

// dumped starts tcpdump in a fixture, and returns what it writes of the frames that eth0 receives.
func dumped(t *testing.T, f *nstest.Fixture) *pcapgo.Reader {
	t.Helper()
	// It has room for all frames, by its size of the largest: nobody reads what it writes until all were sent.
	cmd := f.Command("tcpdump", "-Z", "root", "-i", "eth0", "-Q", "in", "-s", "2000", "-B", "8192", "-U", "--immediate-mode", "-w", "-")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	says, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() { _ = cmd.Process.Kill() } // an error if it has ended, which who reads notices
	late := time.AfterFunc(20*time.Second, end)
	t.Cleanup(func() {
		late.Stop()
		end()
		_ = cmd.Wait() // it was killed
	})
	line, err := bufio.NewReader(says).ReadString('\n')
	if err != nil || !strings.Contains(line, "listening on eth0") {
		t.Fatalf("tcpdump says %q, %v", line, err)
	}
	dump, err := pcapgo.NewReader(out)
	if err != nil {
		t.Fatal(err)
	}
	return dump
}
