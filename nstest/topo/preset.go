// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// Presets of links. Each sets all there is to set, in both directions; what stands after it changes that:
//
//	n.Link(phone, tower, topo.Mobile4G(), topo.From(phone, topo.Rate(5e6)))
//
// A delay is that of one direction: a packet and its answer take twice as long.

func preset(rules impair.Rules) Impairment { return both(func(r *impair.Rules) { *r = rules }) }

// Perfect is a link that does nothing to frames, as it is without any [Impairment].
func Perfect() Impairment { return preset(impair.Rules{}) }

// LAN is a cable in a house: delay 200µs, rate 1 Gbit/s.
func LAN() Impairment {
	return preset(impair.Rules{Delay: 200 * time.Microsecond, Rate: 1e9})
}

// WiFi is a wireless network that others use, too: delay 3ms ±2ms, loss 0.1%, rate 50 Mbit/s.
func WiFi() Impairment {
	return preset(impair.Rules{Delay: 3 * time.Millisecond, Jitter: 2 * time.Millisecond, Loss: 0.001, Rate: 50e6})
}

// Mobile4G is a phone in the city: delay 35ms ±10ms, loss 0.5%, rate 12 Mbit/s, a queue of 200 frames.
func Mobile4G() Impairment {
	return preset(impair.Rules{Delay: 35 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.005, Rate: 12e6, Queue: 200})
}

// Mobile3G is a phone in the country: delay 150ms ±30ms, loss 1%, rate 1.6 Mbit/s, a queue of 100 frames.
func Mobile3G() Impairment {
	return preset(impair.Rules{Delay: 150 * time.Millisecond, Jitter: 30 * time.Millisecond, Loss: 0.01, Rate: 1.6e6, Queue: 100})
}

// Satellite is a satellite in the geostationary orbit, 36,000 km away: delay 300ms ±5ms, loss 0.5%, rate 20 Mbit/s.
func Satellite() Impairment {
	return preset(impair.Rules{Delay: 300 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.005, Rate: 20e6})
}

// Lossy is a line that hardly works: delay 50ms ±20ms, loss 10%, rate 2 Mbit/s, a queue of 50 frames.
func Lossy() Impairment {
	return preset(impair.Rules{Delay: 50 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.1, Rate: 2e6, Queue: 50})
}
