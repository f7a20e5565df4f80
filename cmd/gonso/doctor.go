// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/set"
)

var doctorVerb = verb{
	name:    "doctor",
	args:    "[-json]",
	short:   "tell what works here, what does not, and what helps",
	long:    func() string { return doctorLong },
	flags:   doctorFlags,
	failure: usageError,
}

const doctorLong = `Everything is tried for real; nothing of it stays. A test that needs one of the names
calls nstest.RequireFeatures. The exit status is 0 if tests of package nstest can have
namespaces here, directly or by running themselves again in a user namespace, and 1 if not.

With -json it is one object:

  works    "directly", "rootless" (in a user namespace) or "no"
  checks   a list of
    name     what was tried
    ok       "yes", "rootless" (in a user namespace), "no" or "inconclusive" (what
             went wrong may work in a moment)
    means    what that means for tests, in a sentence
    cause    why it is not "yes"; left out if there is nothing to say
    remedy   what to run, or to add to a command; left out if nothing is known
  speed    how long a namespace takes; left out if none can be made
    kind     which namespace it is, "net"
    rounds   how many were made and closed, one after the other
    median_ns, fastest_ns   of these, in nanoseconds

`

// A diagnosis is what doctor finds out. Its names in JSON stay as they are.
type diagnosis struct {
	Works  string  `json:"works"`
	Checks []check `json:"checks"`
	Speed  *speed  `json:"speed,omitempty"`
}

type check struct {
	Name   string `json:"name"`
	OK     string `json:"ok"`
	Means  string `json:"means"`
	Cause  string `json:"cause,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

func newCheck(name, answer string) check {
	return check{Name: name, OK: answer, Means: meaning(name, answer)}
}

type speed struct {
	Kind    string `json:"kind"`
	Rounds  int    `json:"rounds"`
	Median  int64  `json:"median_ns"`
	Fastest int64  `json:"fastest_ns"`
}

// How tests can have namespaces. The second is also a check, and an answer to
// one.
const (
	directly = "directly"
	rootless = "rootless"
	notAtAll = "no"

	yes = "yes" // to a check
)

func doctorFlags(flags *flag.FlagSet) action {
	asJSON := flags.Bool("json", false, "print JSON")
	return func(args []string) int {
		if len(args) > 0 {
			printError("doctor: %q is not understood; try: gonso help doctor", args)
			return usageError
		}
		d, err := diagnose()
		if err == nil && *asJSON {
			err = d.writeJSON(os.Stdout)
		} else if err == nil {
			err = d.write(os.Stdout)
		}
		if err != nil {
			printError("doctor: %v", err)
			return 1
		}
		if d.Works == notAtAll {
			return 1
		}
		return 0
	}
}

func diagnose() (d diagnosis, err error) {
	for _, r := range probe.All() {
		c := newCheck(r.Name, r.OK.String())
		c.Remedy = r.Remedy
		if r.Cause != nil {
			c.Cause = r.Cause.Error()
		}
		d.Checks = append(d.Checks, c)
	}
	switch {
	case d.says("net") && d.says("mnt"):
		d.Works = directly
		d.Speed, err = measure(func() (set.Set, error) { return set.Unshare(set.NS_NET) })
	case d.says(rootless):
		d.Works = rootless
		err = d.lookInside()
	default:
		d.Works = notAtAll
	}
	return d, err
}

// says reports whether the answer to a check is yes.
func (d *diagnosis) says(name string) bool {
	i := d.index(name)
	return i >= 0 && d.Checks[i].OK == yes
}

// index returns where a check is, or -1.
func (d *diagnosis) index(name string) int {
	return slices.IndexFunc(d.Checks, func(c check) bool { return c.Name == name })
}

// lookInside has the questions to which the answer is a want of privileges asked
// again where tests would run themselves: in a new user namespace, with the
// caller's subordinate IDs if there are any.
func (d *diagnosis) lookInside() (err error) {
	const kinds = set.NS_USER | set.NS_MNT
	inside, err := set.Unshare(kinds, set.WithSubIDs())
	if err != nil {
		inside, err = set.Unshare(kinds, set.WithRootMapped())
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inside.Close()) }()
	cmd := inside.Command(context.Background(), "/proc/self/exe", "doctor", "-json")
	cmd.Args[0] = os.Args[0]
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return err
	}
	var there diagnosis
	if err := json.Unmarshal(text, &there); err != nil {
		return fmt.Errorf("what a user namespace allows: %w", err)
	}
	d.Speed = there.Speed
	for i, c := range d.Checks {
		switch {
		case c.OK == yes:
		case there.says(c.Name):
			d.Checks[i] = newCheck(c.Name, rootless)
		case c.Remedy == probe.GoRootless:
			d.Checks[i] = there.Checks[i]
		}
	}
	return nil
}

// measure makes namespaces one after the other, for about a quarter of a second.
func measure(unshare func() (set.Set, error)) (*speed, error) {
	const (
		atLeast = 5
		long    = 250 * time.Millisecond
	)
	var took []time.Duration
	for begin := time.Now(); len(took) < atLeast || time.Since(begin) < long; {
		start := time.Now()
		s, err := unshare()
		if err != nil {
			return nil, err
		}
		if err := s.Close(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return &speed{
		Kind: "net", Rounds: len(took),
		Median: took[len(took)/2].Nanoseconds(), Fastest: took[0].Nanoseconds(),
	}, nil
}

func (d *diagnosis) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	return enc.Encode(d)
}

// write prints a table for people.
func (d *diagnosis) write(w io.Writer) (err error) {
	line := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
		}
	}
	for _, c := range d.Checks {
		line("%-12s  %-12s  %s", c.Name, c.OK, c.Means)
		if c.Cause != "" {
			line("%26s  cause: %s", "", c.Cause)
		}
		if c.Remedy != "" {
			line("%26s  try: %s", "", c.Remedy)
		}
	}
	line("")
	switch d.Works {
	case directly:
		line("Tests of package nstest work here.")
	case rootless:
		line("Tests of package nstest work here, in a user namespace that they run themselves in.")
	default:
		line("Tests of package nstest do not work here.")
		if i := d.index(rootless); i >= 0 && d.Checks[i].Remedy != "" {
			line("This may help: %s", d.Checks[i].Remedy)
		}
	}
	if d.Speed != nil {
		line("A new %s namespace takes %v (the fastest of %d: %v).", d.Speed.Kind,
			time.Duration(d.Speed.Median).Round(time.Microsecond), d.Speed.Rounds, time.Duration(d.Speed.Fastest).Round(time.Microsecond))
	}
	return err
}
