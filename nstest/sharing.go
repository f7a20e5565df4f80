// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// Sharing puts the fixture into namespaces of another one, those of the kinds in flags, besides its own new
// ones. So hosts of one network can share their files:
//
//	files := nstest.New(t, gonso.NS_MNT)
//	a := nstest.New(t, gonso.NS_NET, nstest.Sharing(files, gonso.NS_MNT))
//	b := nstest.New(t, gonso.NS_NET, nstest.Sharing(files, gonso.NS_MNT))
func Sharing(other *Fixture, flags int) Option {
	return func(c *config) {
		if other == nil {
			c.err = errors.Join(c.err, fmt.Errorf("Sharing: the *Fixture is nil: %w", os.ErrInvalid))
		}
		c.shared, c.sharedFlags = other, flags
	}
}

// share returns a fresh Set with the namespaces of another fixture besides.
func (c *config) share(fresh set.Set) (all set.Set, err error) {
	if c.shared == nil {
		return fresh, nil
	}
	if both := c.flags & c.sharedFlags; both != 0 {
		return set.Set{}, fmt.Errorf("namespaces of kind %s are to be both new and shared", set.KindNames(both))
	}
	if in := c.shared.load(); in != nil && in.Set.Closed() {
		return set.Set{}, fmt.Errorf("Sharing: %s", in.whyClosed(true))
	}
	theirs, err := c.shared.Set().Dup(c.sharedFlags)
	if err != nil {
		return set.Set{}, err
	}
	defer func() { err = errors.Join(err, theirs.Close()) }()
	return fresh.Merge(theirs)
}
