// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/listening"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
)

// A StartOption is an option of [Fixture.Start].
type StartOption func(*daemonConfig)

type daemonConfig struct {
	conditions    []*condition
	within, grace time.Duration
	err           error // an option is wrong
}

func newDaemonConfig(opts []StartOption) daemonConfig {
	c := daemonConfig{within: 30 * time.Second, grace: 5 * time.Second}
	c.err = errors.Join(c.err, option.Apply(&c, opts))
	return c
}

// Within sets how long the daemon may take until it is ready. It is half a minute otherwise.
func Within(limit time.Duration) StartOption {
	return func(c *daemonConfig) { c.within = limit }
}

// Grace sets how long the daemon has from SIGTERM to its end before it is killed. It is 5 seconds otherwise.
func Grace(limit time.Duration) StartOption {
	return func(c *daemonConfig) { c.grace = limit }
}

// Listening has the daemon be ready when a socket of the fixture's network namespace listens at the address.
// The kernel is asked for that, and no connection is made. The network is as for [net.Listen] or
// [net.ListenPacket]: "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram" or "unixpacket".
//
// An address without a host, such as ":80", stands for port 80 of any address, and one with a host for that IP
// address or all of them. A unix address is the path as the daemon sees it, or begins with @ if it is abstract.
// If something listens there before the daemon starts, Start fails.
//
// Since the kernel sends no event when a socket begins to listen, it is asked every 5 ms.
func Listening(network, address string) StartOption {
	return func(c *daemonConfig) {
		endpoint, err := listening.Parse(network, address)
		if err != nil && c.err == nil {
			c.err = fmt.Errorf("Listening(%q, %q): %w", network, address, err)
		}
		c.conditions = append(c.conditions, &condition{
			what: fmt.Sprintf("listens on %s %s", network, address), network: true,
			free:  endpoint.Free,
			check: func(r *daemonRun) (bool, error) { return endpoint.Listens(r.daemon.instance.Set) },
			instead: func(r *daemonRun) string {
				in := r.daemon.instance
				return fmt.Sprintf("what listens in %s: %s", in.Name, endpoint.Others(in.Set))
			},
		})
	}
}

// Printing has the daemon be ready when it has printed a line that matches the regular expression, a string or
// a compiled one, to its standard output or error. A line is looked at once it has ended: that of a prompt has not.
func Printing[R string | *regexp.Regexp](pattern R) StartOption {
	return func(c *daemonConfig) {
		var compiled *regexp.Regexp
		switch p := any(pattern).(type) {
		case *regexp.Regexp:
			if compiled = p; p == nil {
				c.err = errors.Join(c.err, fmt.Errorf("Printing: the regular expression is nil: %w", os.ErrInvalid))
			}
		case string:
			var err error
			if compiled, err = regexp.Compile(p); err != nil && c.err == nil {
				c.err = fmt.Errorf("Printing: %w", err)
			}
		}
		next := &condition{what: fmt.Sprintf("prints a line that matches %v", compiled), pattern: compiled}
		next.check = func(r *daemonRun) (bool, error) { return r.out.Matched(compiled), nil }
		c.conditions = append(c.conditions, next)
	}
}

// Ready has the daemon be ready when the function returns nil. It is called on the test's goroutine, at most
// every 5 ms. If that takes too long, the message has the last error that it returned.
func Ready(try func() error) StartOption {
	return func(c *daemonConfig) {
		if try == nil {
			c.err = errors.Join(c.err, fmt.Errorf("Ready: the function is nil: %w", os.ErrInvalid))
		}
		c.conditions = append(c.conditions, &condition{
			what:  "is ready",
			check: func(*daemonRun) (bool, error) { err := try(); return err == nil, err },
			tries: true,
		})
	}
}
