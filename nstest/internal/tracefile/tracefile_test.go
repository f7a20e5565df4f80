// SPDX-License-Identifier: Apache-2.0

package tracefile_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/pcapng"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
)

var began = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// A folder is one of a test, whose network has a link from a to b.
type folder struct {
	Gomega
	dir     string
	writer  *tracefile.Writer
	capture *pcapng.File
	ends    [2]*pcapng.Interface
	notes   *pcapng.Interface
}

func newFolder(t *testing.T) *folder {
	f := &folder{Gomega: NewWithT(t), dir: t.TempDir()}
	var err error
	f.writer, err = tracefile.Create(filepath.Join(f.dir, tracefile.Name))
	f.Expect(err).NotTo(HaveOccurred())
	f.writer.Add(tracefile.Record{Test: &tracedata.Test{Name: t.Name(), Verdict: tracedata.Failed, Began: began}})
	for _, name := range []string{"a", "b"} {
		id := "net:[" + name + "]"
		f.writer.Add(tracefile.Record{Node: &tracedata.Node{ID: id, Name: name, Namespaces: map[string]string{"net": id}}})
	}
	f.writer.Add(tracefile.Record{Link: &tracedata.Link{
		ID: "a-b", A: tracedata.End{Node: "net:[a]", Interface: "eth0"}, B: tracedata.End{Node: "net:[b]", Interface: "eth1"},
	}})
	f.capture, f.notes, err = pcapng.Create(filepath.Join(f.dir, tracefile.Capture), "")
	f.Expect(err).NotTo(HaveOccurred())
	f.ends[0], f.ends[1] = f.capture.AddInterface("a/eth0", "net:[a]"), f.capture.AddInterface("b/eth1", "net:[b]")
	return f
}

// packet has an end send or receive a packet.
func (f *folder) packet(end int, out bool, at time.Duration, data []byte) {
	f.capture.AddPacket(f.ends[end], &pcapng.Packet{At: began.Add(at), Outgoing: out, Data: data, Length: len(data)})
}

func (f *folder) read() *tracedata.Trace {
	f.Expect(f.writer.Close()).To(Succeed())
	f.Expect(f.capture.Close()).To(Succeed())
	trace, err := tracefile.Read(f.dir)
	f.Expect(err).NotTo(HaveOccurred())
	return trace
}

// segment is a frame with a segment of TCP.
func (f *folder) segment(tcp layers.TCP, payload string) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IPv4(192, 0, 2, 1), DstIP: net.IPv4(192, 0, 2, 2)}
	f.Expect(tcp.SetNetworkLayerForChecksum(ip)).To(Succeed())
	buffer := gopacket.NewSerializeBuffer()
	f.Expect(gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true},
		&layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4},
		ip, &tcp, gopacket.Payload(payload))).To(Succeed())
	return buffer.Bytes()
}

// event adds an event of the link.
func (f *folder) condition(at time.Duration, c tracedata.Condition) {
	f.writer.Add(tracefile.Record{Event: &tracedata.Event{At: at.Nanoseconds(), Lane: tracedata.FaultLane, Kind: "fault", Link: "a-b", Condition: &c}})
}

func (f *folder) summaries(trace *tracedata.Trace) (list []string) {
	for _, p := range trace.Packets {
		f.Expect(p.Link).To(Equal("a-b"))
		f.Expect(p.Layers).NotTo(BeEmpty())
		text := fmt.Sprintf("%s>%s %s", p.From.Interface, p.To.Interface, p.Summary)
		if p.Fate != "" {
			text += ": " + p.Fate
		}
		if p.Bad {
			text += " [bad]"
		}
		list = append(list, text)
	}
	return list
}

func TestAPacketIsThereOnceWithWhatBecameOfIt(t *testing.T) {
	f := newFolder(t)
	syn, fin := f.segment(layers.TCP{SrcPort: 4101, DstPort: 80, SYN: true, Seq: 7}, ""), f.segment(layers.TCP{SrcPort: 4101, DstPort: 80, RST: true}, "")
	f.packet(0, true, 1*time.Second, syn)
	f.packet(1, false, 1*time.Second+1, syn)
	f.condition(2*time.Second, tracedata.Condition{Up: true, Text: "loss 1%", Bad: true})
	f.packet(0, true, 3*time.Second, syn)
	f.condition(4*time.Second, tracedata.Condition{})
	f.packet(0, true, 5*time.Second, syn)
	f.condition(6*time.Second, tracedata.Condition{Up: true})
	f.packet(0, true, 7*time.Second, syn)
	f.packet(1, true, 8*time.Second, fin)
	f.packet(0, false, 8*time.Second+1, fin)
	trace := f.read()
	f.Expect(f.summaries(trace)).To(Equal([]string{
		"eth0>eth1 TCP SYN 192.0.2.1:4101 > 192.0.2.2:80",
		"eth0>eth1 TCP SYN 192.0.2.1:4101 > 192.0.2.2:80 (again, 2nd): lost on the link [bad]",
		"eth0>eth1 TCP SYN 192.0.2.1:4101 > 192.0.2.2:80 (again, 3rd): lost: the link is down [bad]",
		"eth0>eth1 TCP SYN 192.0.2.1:4101 > 192.0.2.2:80 (again, 4th): has not arrived at eth1 [bad]",
		"eth1>eth0 TCP RST 192.0.2.1:4101 > 192.0.2.2:80 [bad]",
	}))
	f.Expect(trace.Packets[0].At).To(Equal(time.Second.Nanoseconds()))
	f.Expect(trace.Packets[0].Capture).To(Equal(1))
	f.Expect(trace.Packets[4].Capture).To(Equal(6))
}

// TestTheCaptureSaysWhatBecameOfAPacket has a cable that does something to frames, in words that mean nothing here.
func TestTheCaptureSaysWhatBecameOfAPacket(t *testing.T) {
	f := newFolder(t)
	cable := f.capture.AddInterface("a/eth0 > b/eth1", "")
	send := func(seq uint32, fate string, isBad bool) {
		data, at := f.segment(layers.TCP{SrcPort: 1, DstPort: 2, PSH: true, Seq: seq}, "x"), time.Duration(seq)*time.Second
		f.packet(0, true, at, data)
		if !isBad {
			f.packet(1, false, at+2, data)
		}
		cabled := pcapng.Packet{At: began.Add(at + 1), Outgoing: true, Data: data, Length: len(data), Comment: fate}
		if isBad {
			cabled.Sign = pcapng.Bad
		}
		f.capture.AddPacket(cable, &cabled)
	}
	send(1, "not lost, but late", false)
	send(2, "eaten", true)
	f.Expect(f.summaries(f.read())).To(Equal([]string{
		"eth0>eth1 TCP PSH 192.0.2.1:1 > 192.0.2.2:2: not lost, but late",
		"eth0>eth1 TCP PSH 192.0.2.1:1 > 192.0.2.2:2: eaten [bad]",
	}))
}

// TestTheFileOfAKilledProcessIsNotInOrder leaves the file as it is written: what an end has seen comes when its reader has time.
func TestTheFileOfAKilledProcessIsNotInOrder(t *testing.T) {
	f := newFolder(t)
	first, second := f.segment(layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, Seq: 1}, "x"), f.segment(layers.TCP{SrcPort: 2, DstPort: 1, ACK: true, Seq: 2}, "y")
	f.packet(1, false, 1*time.Second+1, first)
	f.packet(1, true, 2*time.Second, second)
	f.packet(0, true, 1*time.Second, first)
	f.packet(0, false, 2*time.Second+1, second)
	f.packet(1, true, 3*time.Second, f.segment(layers.TCP{SrcPort: 2, DstPort: 1, ACK: true, Seq: 3}, "z"))
	f.capture.Write()
	trace, err := tracefile.Read(f.dir)
	f.Expect(err).NotTo(HaveOccurred())
	f.Expect(f.summaries(trace)).To(HaveExactElements(
		MatchRegexp(`^eth0>eth1 TCP ACK 192.0.2.1:1 > 192.0.2.2:2[^:]*$`), MatchRegexp(`^eth1>eth0 TCP ACK 192.0.2.1:2 > 192.0.2.2:1[^:]*$`),
		MatchRegexp(`^eth1>eth0 TCP ACK 192.0.2.1:2 > 192.0.2.2:1[^:]*$`)))
	f.Expect(trace.Packets[0].Capture).To(Equal(3), "its number in the file")
}

// TestWhatNobodyCanHaveSeenIsNotLost ends the capture of one end before the other's.
func TestWhatNobodyCanHaveSeenIsNotLost(t *testing.T) {
	f := newFolder(t)
	send := func(at time.Duration, seq uint32) {
		f.packet(0, true, at, f.segment(layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, Seq: seq}, "x"))
	}
	f.packet(1, false, 0, f.segment(layers.TCP{SrcPort: 1, DstPort: 2, ACK: true}, "x"))
	var none uint64
	f.capture.AddStats(f.ends[1], began.Add(2*time.Second), &none)
	send(1*time.Second, 1)
	send(2*time.Second-1, 2)
	send(3*time.Second, 3)
	var fates []string
	for _, p := range f.read().Packets {
		fates = append(fates, p.Fate)
	}
	f.Expect(fates).To(Equal([]string{"", "has not arrived at eth1", "", ""}))
}

// TestWhatIsSentInTheCleanUpIsNotLost has a test that fails: what joins its network is removed before it.
func TestWhatIsSentInTheCleanUpIsNotLost(t *testing.T) {
	f := newFolder(t)
	f.packet(0, true, 1*time.Second, f.segment(layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, Seq: 1}, "x"))
	f.capture.AddNote(f.notes, began, "TestX has failed, and its clean-up begins", "") // as a mark of the test may say
	f.capture.AddNote(f.notes, began.Add(2*time.Second), "", pcapng.CleanUp)
	f.packet(0, true, 2*time.Second+1, f.segment(layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, Seq: 2}, "x"))
	f.packet(1, true, 3*time.Second, f.segment(layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, Seq: 3}, "x"))
	var fates []string
	for _, p := range f.read().Packets {
		fates = append(fates, p.Fate)
	}
	f.Expect(fates).To(Equal([]string{"has not arrived at eth1", "", ""}))
}

func TestOfManyPacketsTheFirstAndTheLastAreShown(t *testing.T) {
	f := newFolder(t)
	const many = 100_000
	for i := range many {
		f.packet(0, true, time.Duration(i)*10*time.Microsecond, f.segment(layers.TCP{SrcPort: 1, DstPort: 2, ACK: true, Seq: uint32(i)}, "x"))
	}
	trace := f.read()
	f.Expect(trace.Packets).To(HaveLen(5000))
	f.Expect(trace.Packets[0].Capture).To(Equal(1))
	f.Expect(trace.Packets[4999].Capture).To(Equal(many))
	f.Expect(trace.Omitted).To(Equal([]string{"95000 packets are left out after the first 1000; they are in capture.pcapng."}))
}

func TestEventsAreBounded(t *testing.T) {
	f := newFolder(t)
	for range 10_001 {
		f.writer.Add(tracefile.Record{Event: &tracedata.Event{Kind: "output", Text: "much"}})
	}
	f.writer.Add(tracefile.Record{Event: &tracedata.Event{Kind: "failure", Text: "the end"}})
	trace := f.read()
	f.Expect(trace.Events).To(HaveLen(10_001))
	f.Expect(trace.Events[10_000].Text).To(Equal("the end"))
	f.Expect(trace.Omitted).To(Equal([]string{`1 events of the kind "output" came after the first 10000, and are left out.`}))
}

func TestALinkIsDownWhereAnEndIs(t *testing.T) {
	f := newFolder(t)
	change := func(at int64, node, text string) {
		f.writer.Add(tracefile.Record{Event: &tracedata.Event{At: at, Kind: "change", Node: node, Change: &tracedata.Change{
			Section: "links", Key: strings.Fields(text)[0], Text: text,
		}}})
	}
	change(1, "net:[a]", "eth0  DOWN  veth")
	change(2, "net:[a]", "eth0  UP  veth")
	change(3, "net:[b]", "eth1  UP  veth")
	change(4, "net:[b]", "eth1  DOWN  veth")
	change(5, "net:[b]", "eth1  UP  veth")
	change(6, "net:[b]", "eth9  DOWN  dummy")
	var got []string
	for _, e := range f.read().Events {
		if e.Condition != nil {
			got = append(got, fmt.Sprintf("%d %s %t", e.At, e.Link, e.Condition.Up))
		}
	}
	f.Expect(got).To(Equal([]string{"4 a-b false", "5 a-b true"}), "and not while it is made")
}

func TestSourcesAreThoseAroundTheNamedLines(t *testing.T) {
	f := newFolder(t)
	file := filepath.Join(t.TempDir(), "a_test.go")
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "line %d\n", i+1)
	}
	f.Expect(os.WriteFile(file, []byte(text.String()), 0o600)).To(Succeed())
	for _, line := range []int{50, 2, 55, 99, 300} {
		f.writer.Add(tracefile.Record{Line: &tracedata.Line{Where: tracedata.Place{File: file, Line: line}}})
	}
	f.writer.Add(tracefile.Record{Line: &tracedata.Line{Where: tracedata.Place{File: "nowhere", Line: 1}}})
	var got []string
	for _, s := range f.read().Sources {
		got = append(got, fmt.Sprintf("%d+%d %s", s.First, len(s.Lines), s.Lines[0]))
	}
	f.Expect(got).To(Equal([]string{"1+7 line 1", "45+16 line 45", "94+7 line 94"}))
}

func TestARecordThatIsNoneIsAnError(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	line, err := json.Marshal(tracefile.Record{Omitted: "x"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.WriteFile(filepath.Join(dir, tracefile.Name), fmt.Appendf(nil, "nonsense\n%s\n", line), 0o600)).To(Succeed())
	_, err = tracefile.Read(dir)
	g.Expect(err).To(MatchError(ContainSubstring("trace.jsonl: line 1: ")))
}

func TestALineWithoutItsEndIsLeftOut(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	const test, mark = `{"test":{"name":"TestA","verdict":"unfinished"}}` + "\n", `{"event":{"kind":"mark","text":"half"}`
	g.Expect(os.WriteFile(filepath.Join(dir, tracefile.Name), []byte(test+mark), 0o600)).To(Succeed())
	trace, err := tracefile.Read(dir)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(trace.Test.Name).To(Equal("TestA"))
	g.Expect(trace.Events).To(BeEmpty())
}
