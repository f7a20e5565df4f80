// SPDX-License-Identifier: Apache-2.0

package impair

// A Direction is one of the two of a link between a and b.
type Direction int

// The directions of a link.
const (
	AToB Direction = iota
	BToA
)

// An Impairer carries out the rules of one link. Its methods may be called by any goroutine, but by
// one at a time.
type Impairer interface {
	// Set has the frames that come from now on in that direction treated by other rules, which
	// are in order (Rules.Check). Those that have entered already go on as they would have. The seed
	// begins the sequence of random decisions: the same frames with the same seed have the same fate.
	Set(d Direction, r Rules, seed uint64) error

	// Close ends the treatment: frames pass as if there had never been rules, or not at all if
	// the link is at its end, too.
	Close() error
}
