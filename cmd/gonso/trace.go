// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"net"
	"net/textproto"
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
	return serve(l, page.Bytes())
}

// serve answers each request with the page. Package net/http would do so too, but would take half a millisecond of each
// start of gonso to initialise, of which gonso exec makes two.
func serve(l net.Listener, page []byte) error {
	reply := append(fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		len(page)), page...)
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go answer(conn, reply)
	}
}

// answer replies to a request once all of it is read: what is left unread when a connection is closed takes the reply with
// it, by a reset.
func answer(conn net.Conn, reply []byte) {
	defer conn.Close() // a browser that has gone away is no matter of ours, nor one that says nothing
	request := textproto.NewReader(bufio.NewReader(conn))
	if _, err := request.ReadLine(); err != nil {
		return
	}
	if _, err := request.ReadMIMEHeader(); err != nil {
		return
	}
	_, _ = conn.Write(reply)
}
