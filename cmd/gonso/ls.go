// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/kept"
)

var lsVerb = verb{
	name:    "ls",
	args:    "[-json]",
	short:   "list the fixtures of tests that are kept, or that wait",
	long:    func() string { return lsLong },
	flags:   lsFlags,
	failure: usageError,
}

const lsLong = `NSTEST_KEEP=failed go test keeps the namespaces of each fixture of a test that fails, and
NSTEST_PAUSE=failed has the test wait, so that one can look into them with gonso enter.
With NSTEST_KEEP=failed,processes programs of the test live on in them; where its process was
killed, so does what its programs had started.
Those whose holder was killed are forgotten, and so are all after a reboot.

With -json it is a list of objects, one for each test:

  name      what gonso rm and gonso resume take
  test      what the test is called
  folder    in which it ran
  since     when it failed, or ended
  holder    the process that has the namespaces open: pid, and start in ticks after boot
  run       the process in which the test ran, or runs
  others    the first processes of pid namespaces, with what they are
  paused    of a test that waits, in which process (test), and until when
  fixtures  a list of
    name        what gonso enter takes
    namespaces  kind, id, and path of each; shared says that it is that of another fixture
    programs    those that the test has started and that run, with NSTEST_KEEP=failed,processes, or
                since its process was killed: pid, start, and what the command is
    nsenter     the command that enters them without gonso

`

// A listing is what gonso ls -json prints of an entry. Its names in JSON stay as they are.
type listing struct {
	*kept.Entry
	Fixtures []listedFixture `json:"fixtures"`
}

type listedFixture struct {
	Name       string           `json:"name"`
	Namespaces []kept.Namespace `json:"namespaces"`
	Programs   []kept.Process   `json:"programs,omitempty"`
	Nsenter    string           `json:"nsenter"`
}

func lsFlags(flags *flag.FlagSet) action {
	asJSON := flags.Bool("json", false, "print JSON")
	return func(args []string) int {
		if len(args) > 0 {
			printError("ls: %q is not understood; try: gonso help ls", args)
			return usageError
		}
		list := entriesOf(readRegister("ls"))
		var err error
		if *asJSON {
			err = writeListing(os.Stdout, list)
		} else {
			if len(list) == 0 {
				printError("ls: nothing is kept, and no test waits, of this user: what is of other users is not shown")
			}
			err = writeTable(os.Stdout, list, time.Now())
		}
		if err != nil {
			printError("ls: %v", err)
			return 1
		}
		return 0
	}
}

func writeListing(w io.Writer, entries []*kept.Entry) error {
	list := []listing{}
	for _, e := range entries {
		l := listing{Entry: e}
		for i := range e.Fixtures {
			l.Fixtures = append(l.Fixtures, listedFixture{e.NameOf(i), e.Fixtures[i].Namespaces, e.Fixtures[i].Programs, e.Nsenter(&e.Fixtures[i])})
		}
		list = append(list, l)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "\t")
	return encoder.Encode(list)
}

func writeTable(w io.Writer, entries []*kept.Entry, now time.Time) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, e := range entries {
		if i == 0 {
			fmt.Fprintln(table, "NAME\tKINDS\tSINCE\tSTATE\tPROGRAMS\tFOLDER") // an error of a line is that of Flush
		}
		for n, f := range e.Fixtures {
			var kinds []string
			for _, ns := range f.Namespaces {
				kinds = append(kinds, ns.Kind)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.NameOf(n), strings.Join(kinds, ","), ago(now.Sub(e.Since)), stateOf(e, now), programsOf(f), e.Folder)
		}
	}
	return table.Flush()
}

// programsOf lists the programs that live on, each with its number.
func programsOf(f kept.Fixture) string {
	var list []string
	for _, p := range f.Programs {
		command, _, _ := strings.Cut(p.What, " ")
		list = append(list, fmt.Sprintf("%s(%d)", filepath.Base(command), p.PID))
	}
	return cmp.Or(strings.Join(list, ","), "-")
}

// stateOf says what the entry is.
func stateOf(e *kept.Entry, now time.Time) string {
	switch {
	case e.Paused == nil:
		return "kept"
	case e.Paused.Until == nil:
		return "paused"
	default:
		return "paused, goes on in " + e.Paused.Until.Sub(now).Round(time.Second).String()
	}
}

// ago says how long that was ago, in one unit.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd ago", int(d.Hours()/24))
	}
}
