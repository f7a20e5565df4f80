// SPDX-License-Identifier: Apache-2.0

package sys

import "time"

// ReceivedAt returns when the kernel has received the frame that is n places behind the next one to be released, which Ahead
// has returned.
func (p *PacketSocket) ReceivedAt(n int) time.Time {
	h := p.header((p.next + n) % p.slots)
	return time.Unix(int64(h.Sec), int64(h.Nsec))
}
