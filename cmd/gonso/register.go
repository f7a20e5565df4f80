// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/kept"
)

// A registered entry, and the folder of the register that it is in.
type registered struct {
	folder *kept.Folder
	*kept.Entry
}

// readRegister returns all entries. What cannot be read, or is not believed, is named on standard error.
func readRegister(verb string) (list []registered) {
	folders, err := kept.All()
	if err != nil {
		printError("%s: %s", verb, oneLine(err))
	}
	for _, f := range folders {
		entries, err := f.List()
		if err != nil {
			printError("%s: %s", verb, oneLine(err))
		}
		for _, e := range entries {
			list = append(list, registered{f, e})
		}
	}
	slices.SortStableFunc(list, func(a, b registered) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func entriesOf(list []registered) (entries []*kept.Entry) {
	for _, r := range list {
		entries = append(entries, r.Entry)
	}
	return entries
}

// oneLine returns what an error says in one line, which begins with this program's name already.
func oneLine(err error) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(err.Error()), "gonso: "), "\n", "; ")
}

// forEntries returns the flags of a verb that does something to entries: those that are named, or all that are wanted.
func forEntries(verb, whatAll string, wanted func(registered) bool, do func(registered) error) func(*flag.FlagSet) action {
	return func(flags *flag.FlagSet) action {
		all := flags.Bool("all", false, whatAll)
		return func(args []string) int {
			if *all != (len(args) == 0) {
				printError("%s: give it names, which gonso ls prints, or -all; try: gonso help %[1]s", verb)
				return usageError
			}
			chosen, status := readRegister(verb), 0
			if *all {
				chosen = slices.DeleteFunc(chosen, func(r registered) bool { return !wanted(r) })
			} else {
				chosen, status = choose(verb, chosen, args)
			}
			for _, r := range chosen {
				if err := do(r); err != nil {
					printError("%s: %s: %s", verb, r.Name, oneLine(err))
					status = 1
				}
			}
			return status
		}
	}
}

// choose returns the entries with these names, or those of the fixtures with these names.
func choose(verb string, list []registered, names []string) (chosen []registered, status int) {
	for _, name := range names {
		i := slices.IndexFunc(list, func(r registered) bool {
			entry, fixture, _ := strings.Cut(name, "/")
			return r.Name == entry && (fixture == "" || len(r.Fixtures) == 1 && r.Fixtures[0].Name == fixture)
		})
		if i < 0 {
			_, _, err := kept.Find(entriesOf(list), name)
			if err == nil {
				err = fmt.Errorf("%s: the fixtures of a test belong together; try: gonso %s %s", name, verb, strings.SplitN(name, "/", 2)[0])
			}
			printError("%s: %v", verb, err)
			status = 1
			continue
		}
		chosen = append(chosen, list[i])
	}
	return chosen, status
}
