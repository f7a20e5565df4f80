// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/fixturepool"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/setup"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// An Option changes what the namespaces of a fixture are like.
type Option func(*config)

type config struct {
	flags   int
	raw     bool
	setups  []func()
	unshare []set.UnshareOpt
	name    string
	err     error // an option is wrong

	shared      *Fixture // whose namespaces of the kinds in sharedFlags the fixture has, too
	sharedFlags int

	at types.CodeLocation // where a fixture of Ginkgo is made

	once sync.Once
	own  *fixturepool.Pool // where Sets come from that nobody else wants
}

func newConfig(flags int, opts []Option) *config {
	c := &config{flags: flags}
	c.err = errors.Join(c.err, option.Apply(c, opts))
	return c
}

// pooled reports whether fixtures of this kind are all alike. Functions do not
// compare, so that one with a function of its own shares with nobody.
func (c *config) pooled() bool { return len(c.setups)+len(c.unshare) == 0 }

// Raw leaves the namespaces as the kernel makes them: lo is down, /sys shows the
// network namespace of the host.
func Raw() Option { return func(c *config) { c.raw = true } }

// Setup runs f inside of the fixture's Set before the test gets it. If f panics, the test fails.
func Setup(f func()) Option {
	return func(c *config) {
		if f == nil {
			c.err = errors.Join(c.err, fmt.Errorf("Setup: the function is nil: %w", os.ErrInvalid))
		}
		c.setups = append(c.setups, f)
	}
}

// Unshare passes options to the making of the namespaces, such as
// [set.WithIDMaps].
func Unshare(opts ...set.UnshareOpt) Option {
	return func(c *config) {
		for _, opt := range opts {
			if opt == nil {
				c.err = errors.Join(c.err, fmt.Errorf("Unshare: an option is nil: %w", os.ErrInvalid))
			}
		}
		c.unshare = append(c.unshare, opts...)
	}
}

// Named names the fixture in logs and reports. Without it, fixtures are named after their kinds: the first one
// of a test is net, for instance, and the second one net#2.
func Named(name string) Option { return func(c *config) { c.name = name } }

// setup returns what runs inside of each new Set before a test gets it, or nil
// where there is nothing to do.
func (c *config) setup() func() error {
	var steps []func() error
	if !c.raw {
		if step := setup.Namespaces(c.flags); step != nil {
			steps = append(steps, step)
		}
	}
	for _, f := range c.setups {
		steps = append(steps, func() error { f(); return nil })
	}
	if len(steps) == 0 {
		return nil
	}
	return func() error {
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
}

// pool returns where Sets of this configuration come from.
func (c *config) pool() *fixturepool.Pool {
	if !c.pooled() {
		c.once.Do(func() { c.own = c.newPool() })
		return c.own
	}
	return fixturepool.Shared(fixturepool.Key{Flags: c.flags, Raw: c.raw}, c.newPool)
}

func (c *config) newPool() *fixturepool.Pool {
	// Only functions of the test could do something to their thread.
	return fixturepool.New(fixturepool.Config{Flags: c.flags, Setup: c.setup(), Tidy: len(c.setups) == 0, Unshare: c.unshare})
}

// usualMounts lists what is mounted in a fixture like this when a test gets it.
func (c *config) usualMounts() ([]procfs.Mount, error) {
	fresh, err := (&config{flags: c.flags & (set.NS_MNT | set.NS_NET), raw: c.raw}).newPool().Take()
	if err != nil {
		return nil, err
	}
	defer fresh.Close()
	return state.Mounts(fresh)
}
