// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/kept"
)

var enterVerb = verb{
	name:    "enter",
	args:    "name [-- program [argument...]]",
	short:   "run a shell, or a program, in a fixture that is kept, or whose test waits",
	long:    func() string { return enterLong },
	flags:   enterFlags,
	failure: ownFailure,
}

const enterLong = `The names are those that gonso ls prints, and that the log of the test has. The shell is $SHELL;
its prompt begins with the name, which is in $GONSO_FIXTURE too. In the fixture of a rootless run
it is root's.

The exit status is the program's. Status 125 and a line on standard error mean that gonso itself
has failed.
`

func enterFlags(*flag.FlagSet) action {
	return func(args []string) int {
		if len(args) > 1 && args[1] != "--" {
			printError("enter: put -- before the program: gonso enter %s -- %s", args[0], strings.Join(args[1:], " "))
			return ownFailure
		}
		if len(args) == 0 || len(args) == 2 {
			printError("enter: give it a name, which gonso ls prints, and a program after -- if it is not to be a shell; try: gonso help enter")
			return ownFailure
		}
		entry, fixture, err := kept.Find(entriesOf(readRegister("enter")), args[0])
		if err != nil {
			printError("enter: %v", err)
			return ownFailure
		}
		if len(args) > 2 {
			return enter(entry, fixture, program{args: args[2:], env: os.Environ()}.named(args[0]))
		}
		return enter(entry, fixture, shell(args[0]))
	}
}

// A program is what is to run in a fixture.
type program struct {
	args []string
	env  []string
	// spare is run where the first of args is not there.
	spare string
}

// named adds the fixture's name to the environment.
func (p program) named(name string) program {
	p.env = append(p.env, "GONSO_FIXTURE="+name)
	return p
}

// shell returns the user's shell with a prompt that has the fixture's name. Nothing of a name has to be quoted.
func shell(name string) program {
	path := os.Getenv("SHELL")
	if path == "" {
		path = "/bin/sh"
	}
	mark := "(" + name + ") "
	p := program{args: []string{path}, env: os.Environ(), spare: "/bin/sh"}.named(name)
	switch filepath.Base(path) {
	case "bash":
		// Its start-up files set PS1, so that it is changed before each prompt.
		command := `PS1="` + mark + `${PS1#"` + mark + `"}"`
		if old := strings.TrimSpace(os.Getenv("PROMPT_COMMAND")); old != "" {
			command += "; " + old
		}
		p.env = append(p.env, "PROMPT_COMMAND="+command)
	case "fish":
		p.args = append(p.args, "-C", "functions -c fish_prompt _gonso_prompt; function fish_prompt; echo -n '"+mark+"'; _gonso_prompt; end")
	default:
		end := "$ "
		if os.Geteuid() == 0 {
			end = "# "
		}
		p.env = append(p.env, "PS1="+mark+end)
	}
	return p
}
