// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/trace/view"
)

var traceVerb = verb{
	name:    "trace",
	args:    "[flags] [file|folder]",
	short:   "show what happened in a test",
	long:    func() string { return traceLong },
	flags:   traceFlags,
	failure: usageError,
}

const traceLong = `NSTEST_TRACE=failed, with a blank import of package nstest/trace, has each test that fails
leave a folder with trace.html, which the test's log names. gonso trace opens it in the
browser or, where there is no display, serves it to one and prints the address.

A process that was killed, also by ^C, leaves trace.jsonl instead: of such a folder the page
is made first, beside it if that can be.

Without a folder it lists those that there are below NSTEST_ARTIFACTS, in _artifacts, where
go test -artifacts puts them, and in the folder for temporary files: the newest first.

`

func traceFlags(flags *flag.FlagSet) action {
	asJSON := flags.Bool("json", false, "print the data, see docs/trace-data.md")
	asMarkdown := flags.Bool("summary", false, "print a summary of all traces below the folder, as GitHub's Markdown")
	address := flags.String("http", "", "serve the page at this `address`, such as localhost:8080, until interrupted")
	return func(args []string) int {
		switch {
		case len(args) > 1 && strings.HasPrefix(args[1], "-"):
			printError("trace: flags come before the file or folder: gonso trace %s", strings.Join(append(args[1:], args[0]), " "))
			return usageError
		case len(args) == 0 && flags.NFlag() == 0:
			return listTraces()
		case len(args) != 1:
			printError("trace: give it one file or folder; try: gonso help trace")
			return usageError
		case *asJSON && *address != "" || *asMarkdown && (*asJSON || *address != ""):
			printError("trace: -json, -summary and -http do not go together; try: gonso help trace")
			return usageError
		}
		if *asMarkdown {
			if err := view.Summarize(os.Stdout, args[0]); err != nil {
				printError("trace: %v", err)
				return 1
			}
			return 0
		}
		if err := showTrace(args[0], *asJSON, *address); err != nil {
			printError("trace: %v", err)
			return 1
		}
		return 0
	}
}

func listTraces() int {
	n, err := view.List(os.Stdout)
	if err != nil {
		printError("trace: %v", err)
		return 1
	}
	if n == 0 {
		printError("trace: no test of this user has left a trace where they are looked for; try: gonso help trace")
	}
	return 0
}

func showTrace(path string, asJSON bool, address string) error {
	if asJSON {
		return view.WriteJSON(os.Stdout, path)
	}
	if address == "" && hasDisplay() {
		page, err := view.Page(path)
		if err != nil {
			return err
		}
		fmt.Println(page)
		return exec.Command("xdg-open", page).Run()
	}
	return serveTrace(path, cmp.Or(address, "localhost:0"))
}

// hasDisplay reports whether a browser can be opened here.
func hasDisplay() bool {
	_, err := exec.LookPath("xdg-open")
	return err == nil && (os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "")
}

// serveTrace serves the page until it is interrupted.
func serveTrace(path, address string) error {
	name, err := view.Page(path)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := view.Write(&page, name); err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Printf("http://%v/\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page.Bytes()) // a browser that goes away is no matter of ours
	}))
}
