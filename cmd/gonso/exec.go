// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

var execVerb = verb{
	name:    "exec",
	args:    "[flags] -- program [argument...]",
	short:   "run a program as root in fresh namespaces, without privileges",
	long:    func() string { return execLong },
	flags:   execFlags,
	failure: ownFailure,
}

// ownFailure is the exit status when gonso could not do what it was asked for, as
// env(1), timeout(1) and docker-run(1) have it. Every other is the program's.
const ownFailure = 125

const execLong = `The program finds what it would find as root on a host of its own: capabilities,
a network with lo, eth0 and a default route that leads nowhere, folders in /run,
/etc and /var/lib that it can write to. Nothing of it is seen outside, or left
behind. It is made for test suites that know nothing of namespaces:

  go test -exec 'gonso exec --' ./...

Working directory, environment, standard streams, terminal and other open files
are passed on, and so are signals. The exit status is the program's; if a signal
ended it, gonso ends by the same signal. Status 125 and a line on standard error
mean that gonso itself has failed.

Steps that the machine refuses are left out; -v names them. To leave out others:

`

// A plan is which steps are to be taken, and how. It travels from the process
// outside to the one inside as JSON.
type plan struct {
	Off     map[string]bool // by the name of the step
	Verbose bool
	// Status is the descriptor of the pipe that takes how the program ended.
	Status int
}

func execFlags(flags *flag.FlagSet) action {
	p := &plan{Off: map[string]bool{}}
	for _, s := range steps {
		usage := "do without " + s.what
		if s.needs != nil {
			usage += " (needs " + strings.Join(s.needs, " and ") + ")"
		}
		flags.Var(stepFlag{p, s.name}, s.name, usage)
	}
	flags.BoolVar(&p.Verbose, "v", false, "name the steps that the machine refuses")
	return func(args []string) int {
		if len(args) == 0 {
			printError("exec: no program given; try: gonso help exec")
			return ownFailure
		}
		return execOutside(p, args)
	}
}

// takes reports whether a step is to be taken: it is not switched off, and neither
// is one that it needs.
func (p *plan) takes(name string) bool {
	i := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
	return !p.Off[name] && !slices.ContainsFunc(steps[i].needs, func(needed string) bool { return !p.takes(needed) })
}

// refused leaves a step out, and says why.
func (p *plan) refused(name string, err error) {
	p.Off[name] = true
	if p.Verbose {
		printError("exec: without %s: %v", name, err)
	}
}

// A stepFlag switches a step off and on.
type stepFlag struct {
	plan *plan
	step string
}

func (f stepFlag) IsBoolFlag() bool { return true }

func (f stepFlag) String() string {
	return fmt.Sprint(f.plan == nil || !f.plan.Off[f.step])
}

func (f stepFlag) Set(value string) error {
	switch value {
	case "true":
		delete(f.plan.Off, f.step)
	case "false":
		f.plan.Off[f.step] = true
	default:
		return fmt.Errorf("%q is neither true nor false", value)
	}
	return nil
}
