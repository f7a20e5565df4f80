// SPDX-License-Identifier: Apache-2.0

package tracefile

import (
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// layersOf decodes a frame.
func layersOf(data []byte) (list []tracedata.Layer) {
	packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.DecodeOptions{NoCopy: true})
	for _, layer := range packet.Layers() {
		list = append(list, tracedata.Layer{Name: layer.LayerType().String(), Fields: fieldsOf(layer)})
	}
	return list
}

// fieldsOf lists what a header says: the exported fields of what gopacket makes of it.
func fieldsOf(layer gopacket.Layer) (list []tracedata.Field) {
	v := reflect.Indirect(reflect.ValueOf(layer))
	if v.Kind() != reflect.Struct {
		return []tracedata.Field{{Name: "length", Value: fmt.Sprint(len(layer.LayerContents()))}}
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Anonymous || v.Field(i).IsZero() && v.Field(i).Kind() != reflect.Uint16 && v.Field(i).Kind() != reflect.Uint32 {
			continue // most flags are not set
		}
		list = append(list, tracedata.Field{Name: f.Name, Value: valueOf(v.Field(i))})
	}
	return list
}

// mostValue is how long a value is at most.
const mostValue = 200

func valueOf(v reflect.Value) string {
	text := fmt.Sprintf("%v", v.Interface())
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && !v.Type().Implements(reflect.TypeFor[fmt.Stringer]()) {
		text = fmt.Sprintf("%x", v.Bytes())
	}
	if len(text) > mostValue {
		text = text[:mostValue] + "..."
	}
	return text
}

// flows count how often the same segment of TCP was sent over a link.
type flows struct{ seen map[segment]int }

// A segment is one of TCP that is to be acknowledged.
type segment struct {
	from           tracedata.End
	source, target string
	sequence       uint32
	flags          string
	length         int
}

// mostSegments are remembered.
const mostSegments = 50_000

func newFlows() flows { return flows{make(map[segment]int)} }

// again returns how often the segment was sent by now, or 0 for what is none or carries nothing.
func (f *flows) again(p *tracedata.Packet, d packets.Decoded) int {
	if d.Protocol != "TCP" || len(d.Payload) == 0 && d.Details != "SYN" && d.Details != "SYN ACK" {
		return 0
	}
	sequence, ok := sequenceOf(p.Data)
	if !ok {
		return 0
	}
	if len(f.seen) > mostSegments {
		clear(f.seen)
	}
	s := segment{p.From, d.From, d.To, sequence, d.Details, len(d.Payload)}
	f.seen[s]++
	return f.seen[s]
}

// sequenceOf finds the sequence number of a TCP segment.
func sequenceOf(frame []byte) (uint32, bool) {
	tcp, ok := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true}).Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok || len(tcp.Contents) < 8 {
		return 0, false
	}
	return binary.BigEndian.Uint32(tcp.Contents[4:]), true
}
