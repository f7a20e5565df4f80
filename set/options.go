// SPDX-License-Identifier: Apache-2.0

package set

import (
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// UnshareConfig holds what the options of [Unshare] choose.
type UnshareConfig struct {
	needs       int // the kinds that the options are about
	maps        *idMaps
	offsets     *timeOffsets
	propagation Propagation
	err         error
}

// UnshareOpt is an option of [Unshare]. If the option is for a kind that is not made,
// or the kernel would refuse its values, that is an error, and nothing is made.
type UnshareOpt func(*UnshareConfig)

func newConfig(flags int, opts []UnshareOpt) (*UnshareConfig, error) {
	c := &UnshareConfig{propagation: PropagationPrivate}
	for _, opt := range opts {
		opt(c)
	}
	if missing := c.needs &^ flags; c.err == nil && missing != 0 {
		c.err = invalid(fmt.Sprintf("an option is about %s, which is not among the new kinds", KindNames(missing)))
	}
	return c, c.err
}

// MapsIDs reports whether one of the options sets the ID maps of a new user namespace.
func (c *UnshareConfig) MapsIDs() bool { return c.maps != nil }

// fail keeps the first error.
func (c *UnshareConfig) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// A Propagation says how mounts and unmounts propagate between a mount namespace and the one
// that it is a copy of (mount_namespaces(7)). Its values are the flags of mount(2).
type Propagation uintptr

const (
	PropagationUnchanged  Propagation = 0              // for each mount as it is in the original
	PropagationPrivate    Propagation = sys.Private    // neither way
	PropagationSlave      Propagation = sys.Slave      // from the original to the copy
	PropagationShared     Propagation = sys.Shared     // both ways
	PropagationUnbindable Propagation = sys.Unbindable // neither way, and no mount can be bound elsewhere
)

// WithPropagation sets the propagation of all mounts of a new mount namespace. Without the option
// it is [PropagationPrivate]: no mount made inside shows outside.
func WithPropagation(p Propagation) UnshareOpt {
	return func(c *UnshareConfig) {
		c.needs |= NS_MNT
		switch p {
		case PropagationUnchanged, PropagationPrivate, PropagationSlave, PropagationShared, PropagationUnbindable:
			c.propagation = p
		default:
			c.fail(invalid(fmt.Sprintf("Propagation(%#x) is none of mount(2)", uintptr(p))))
		}
	}
}

// WithTimeOffsets sets what a new time namespace adds to the monotonic and the
// boot-time clock, both to the nanosecond (time_namespaces(7)). The kernel lets
// no clock become negative (ERANGE).
func WithTimeOffsets(monotonic, boottime time.Duration) UnshareOpt {
	return func(c *UnshareConfig) {
		c.needs |= NS_TIME
		c.offsets = &timeOffsets{monotonic, boottime}
	}
}

type timeOffsets struct{ monotonic, boottime time.Duration }

// write sets the offsets of the new time namespace of the children of a thread.
// That works until the first process enters it.
func (o *timeOffsets) write(tid int) error {
	return sys.WriteFileAt(procns.Proc(), fmt.Sprintf("%d/timens_offsets", tid), o.text())
}

// text is what the kernel reads; none for no offsets.
func (o *timeOffsets) text() string {
	if o == nil {
		return ""
	}
	return fmt.Sprintf("monotonic %s\nboottime %s\n", offset(o.monotonic), offset(o.boottime))
}

// offset formats seconds and nanoseconds, of which the latter are never
// negative (time_namespaces(7)).
func offset(d time.Duration) string {
	sec, nsec := d/time.Second, d%time.Second
	if nsec < 0 {
		sec, nsec = sec-1, nsec+time.Second
	}
	return fmt.Sprintf("%d %d", sec, nsec)
}
