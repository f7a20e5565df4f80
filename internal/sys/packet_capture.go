// SPDX-License-Identifier: Apache-2.0

package sys

import "time"

// A CapturedFrame is one that an interface has received or sent.
type CapturedFrame struct {
	At        time.Time
	Interface int // its index
	Form      Form
	Outgoing  bool   // it was sent
	Data      []byte // good until it is released
	Length    int    // in bytes, of which Data has the first
	Checksum  bool   // its checksum is complete; otherwise the device is to do it, of which a virtual one has no need
	Segments  bool   // it stands for several TCP segments, which the device is to cut
}

// A Form is what the bytes of a frame are.
type Form uint8

// The forms.
const (
	OtherForm Form = iota
	Ethernet       // from the Ethernet header on
	IP             // an IP packet, without a header of the link
)
