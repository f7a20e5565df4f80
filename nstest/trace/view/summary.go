// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
)

// mostSummaries are in what [Summarize] writes: GitHub takes 1 MB.
const mostSummaries = 20

// Summarize writes a summary of all traces below a folder as GitHub's Markdown, or nothing if there is none: of each the test, the
// first line of its failure and where that is, and its network, with the links dotted that were down.
func Summarize(w io.Writer, dir string) error {
	paths, err := folders(dir)
	if err != nil {
		return err
	}
	var errs []error
	for i, path := range paths {
		if i == mostSummaries {
			_, err = fmt.Fprintf(w, "And %d more.\n", len(paths)-i)
			errs = append(errs, err)
			break
		}
		t, err := tracefile.Open(path)
		if err == nil {
			_, err = io.WriteString(w, summary(t, whole(dir, path)))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// folders returns those at and below a folder that have a trace.
func folders(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (d.Name() == tracefile.Page || d.Name() == tracefile.Name) {
			if folder := filepath.Dir(path); len(paths) == 0 || paths[len(paths)-1] != folder {
				paths = append(paths, folder)
			}
		}
		return err
	})
	return paths, err
}

// whole says where more of a trace is. A process that was killed has left no page.
func whole(dir, path string) string {
	short := relative(dir, path)
	if _, err := os.Stat(filepath.Join(path, tracefile.Page)); err != nil {
		return "The page of it is made by: " + code("gonso trace "+short)
	}
	return "The whole of it: " + code(filepath.Join(short, tracefile.Page))
}

func relative(dir, path string) string {
	if short, err := filepath.Rel(dir, path); err == nil {
		return short
	}
	return path
}

func summary(t *tracedata.Trace, whole string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "### %s %s\n\n", code(t.Test.Name), t.Test.Verdict)
	message, _, _ := strings.Cut(strings.TrimSpace(t.Test.Message), "\n")
	if message != "" {
		fmt.Fprintf(&out, "%s\n\n", code(message))
	}
	if t.Test.Where.File != "" {
		fmt.Fprintf(&out, "at %s, in %s\n\n", code(fmt.Sprintf("%s:%d", filepath.Base(t.Test.Where.File), t.Test.Where.Line)), code(t.Test.Package))
	}
	if len(t.Links) > 0 {
		fmt.Fprintf(&out, "```mermaid\n%s```\n\n", mermaid(t))
	}
	fmt.Fprintf(&out, "%s\n\n", whole)
	return out.String()
}

// code makes text that is nothing else for Markdown, in a line.
func code(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + " " + text + " " + fence
}

// mermaid draws the network as it was when the test failed.
func mermaid(t *tracedata.Trace) string {
	var out strings.Builder
	out.WriteString("graph LR\n")
	names := make(map[string]string)
	for i, n := range t.Nodes {
		names[n.ID] = fmt.Sprintf("n%d", i)
		shape := map[tracedata.Role][2]string{tracedata.Router: {"{{", "}}"}, tracedata.Switch: {"[[", "]]"}}[n.Role]
		fmt.Fprintf(&out, "  n%d%s\"%s\"%s\n", i, cmp.Or(shape[0], "("), label(n.Name), cmp.Or(shape[1], ")"))
	}
	end := t.Test.Duration
	for _, e := range t.Events {
		if e.Kind == "failure" {
			end = e.At
			break
		}
	}
	for _, l := range t.Links {
		a, b := names[l.A.Node], names[l.B.Node]
		if a == "" || b == "" {
			continue
		}
		is := tracedata.Condition{Up: true}
		for _, e := range t.Events {
			if e.Link == l.ID && e.Condition != nil && e.At <= end {
				is = *e.Condition
			}
		}
		switch {
		case !is.Up:
			fmt.Fprintf(&out, "  %s -. down .- %s\n", a, b)
		case is.Text != "":
			fmt.Fprintf(&out, "  %s ---|\"%s\"| %s\n", a, label(is.Text), b)
		default:
			fmt.Fprintf(&out, "  %s --- %s\n", a, b)
		}
	}
	return out.String()
}

// label makes text that is nothing else for Mermaid.
func label(text string) string {
	return strings.NewReplacer(`"`, "#quot;", "#", "#35;", "`", "#96;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(text)
}
