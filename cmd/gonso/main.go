// SPDX-License-Identifier: Apache-2.0

// Command gonso runs programs in Linux namespaces of their own, without privileges, and
// reports what a machine lets programs do with namespaces.
//
//	gonso exec -- go test ./...             root in fresh namespaces, for a whole run
//	go test -exec 'gonso exec --' ./...     for each test binary
//	gonso enter TestRouter/client           a shell in one of them
//	gonso ls                                the fixtures of failed tests that are kept
//	gonso doctor                            what works here, what does not, and what helps
//	gonso init                              a first test with namespaces, in your package
//	gonso shard -times file                 how shards of a suite share its tests
//	gonso trace folder                      what happened in a test that failed
//	gonso version                           which gonso this is
//	gonso help exec                         more on one of them
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
)

// A verb is what follows the program's name on the command line.
type verb struct {
	name  string
	args  string // what follows it, for the usage line
	short string // what it does, in one line
	long  func() string
	// flags adds the verb's flags to a set, and returns what runs once they are parsed.
	flags func(*flag.FlagSet) action
	// failure is the exit status for a wrong command line.
	failure int
}

// An action does what a verb is for and returns the exit status.
type action func(args []string) int

// verbs lists all verbs, sorted.
func verbs() []verb {
	return []verb{completionVerb(), doctorVerb, enterVerb, execVerb, helpVerb(), initVerb, lsVerb, resumeVerb, rmVerb, shardVerb,
		traceVerb, versionVerb}
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if len(args) == 0 {
		overview(os.Stderr)
		return usageError
	}
	name := args[0]
	if verb, is := spellings[name]; is {
		name = verb
	}
	v, ok := lookup(name)
	if !ok {
		printError("%s is no verb; try: gonso help", args[0])
		return usageError
	}
	flags := flag.NewFlagSet("gonso "+v.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	do := v.flags(flags)
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		v.describe(os.Stdout)
		return 0
	case err != nil:
		printError("%s: %v; try: gonso help %[1]s", v.name, err)
		return v.failure
	}
	return do(flags.Args())
}

// spellings are what other programs call verbs.
var spellings = map[string]string{"-h": "help", "-help": "help", "--help": "help", "-version": "version", "--version": "version"}

// usageError is the exit status for a wrong command line, as the shell has it.
const usageError = 2

func lookup(name string) (verb, bool) {
	all := verbs()
	i := slices.IndexFunc(all, func(v verb) bool { return v.name == name })
	if i < 0 {
		return verb{}, false
	}
	return all[i], true
}

// printError prints one line.
func printError(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "gonso: "+format+"\n", args...)
}
