// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

func helpVerb() verb {
	return verb{
		name:    "help",
		args:    "[verb]",
		short:   "list the verbs, or describe one",
		long:    func() string { return "" },
		flags:   func(*flag.FlagSet) action { return help },
		failure: usageError,
	}
}

func help(args []string) int {
	switch len(args) {
	case 0:
		overview(os.Stdout)
		return 0
	case 1:
		if v, ok := lookup(args[0]); ok {
			v.describe(os.Stdout)
			return 0
		}
	}
	printError("help: %s is no verb; try: gonso help", strings.Join(args, " "))
	return usageError
}

// overview lists the verbs.
func overview(w io.Writer) {
	fmt.Fprintf(w, "gonso runs programs in Linux namespaces of their own.\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range verbs() {
		fmt.Fprintf(table, "  %s\t%s\n", v.usage(), v.short)
	}
	table.Flush() // it fails where the lines around it fail
	fmt.Fprintf(w, "\n'gonso help VERB' tells more.\n")
}

// describe prints all about one verb.
func (v verb) describe(w io.Writer) {
	fmt.Fprintf(w, "usage: %s\n\n%s\n", v.usage(), v.short)
	if long := v.long(); long != "" {
		fmt.Fprintf(w, "\n%s", long)
	}
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	v.flags(flags)
	flags.VisitAll(func(f *flag.Flag) {
		name, usage := flag.UnquoteUsage(f)
		if f.DefValue == "true" { // a step, whose flag is there to switch it off
			name = "=false"
		} else if name != "" {
			name = " " + name
		}
		fmt.Fprintf(w, "  -%-16s %s\n", f.Name+name, usage)
	})
}

func (v verb) usage() string { return strings.TrimSpace("gonso " + v.name + " " + v.args) }
