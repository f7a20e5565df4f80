// SPDX-License-Identifier: Apache-2.0

package tracefile

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Read makes a trace of the files in a folder.
func Read(dir string) (*tracedata.Trace, error) {
	f, err := os.Open(filepath.Join(dir, Name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &tracedata.Trace{ // whose lists are lists in JSON, though there be nothing in them
		Version: tracedata.Version, Nodes: []tracedata.Node{}, Links: []tracedata.Link{}, Events: []tracedata.Event{},
		Packets: []tracedata.Packet{}, Log: []tracedata.Line{}, Sources: []tracedata.Source{}, Omitted: []string{},
	}
	if err := readRecords(t, f); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	slices.SortStableFunc(t.Events, func(a, b tracedata.Event) int { return cmp.Compare(a.At, b.At) })
	slices.SortStableFunc(t.Log, func(a, b tracedata.Line) int { return cmp.Compare(a.At, b.At) })
	dropUnnamed(t)
	followLinks(t)
	err = readPackets(t, filepath.Join(dir, Capture))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Omitted = append(t.Omitted, fmt.Sprintf("The packets cannot be read: %v.", err))
	}
	if t.Test.Verdict == tracedata.Unfinished {
		t.Test.Duration = lastMoment(t)
	}
	readSources(t)
	return t, nil
}

// readRecords takes what the lines say. A last one without its end is what a killed process left.
func readRecords(t *tracedata.Trace, from io.Reader) error {
	lines := bufio.NewReader(from)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var r Record
		if err := json.Unmarshal(bytes.TrimSpace(line), &r); err != nil {
			if _, end := lines.Peek(1); errors.Is(end, io.EOF) {
				return nil
			}
			return fmt.Errorf("line %d: %w", number, err)
		}
		add(t, r)
	}
}

func add(t *tracedata.Trace, r Record) {
	switch {
	case r.Test != nil:
		t.Test = *r.Test
	case r.Node != nil:
		t.Nodes = replace(t.Nodes, *r.Node, func(n tracedata.Node) bool { return n.ID == r.Node.ID })
	case r.Link != nil:
		t.Links = replace(t.Links, *r.Link, func(l tracedata.Link) bool { return l.ID == r.Link.ID })
	case r.Event != nil:
		t.Events = append(t.Events, *r.Event)
	case r.Line != nil:
		t.Log = append(t.Log, *r.Line)
	case r.Omitted != "":
		t.Omitted = append(t.Omitted, r.Omitted)
	}
}

func replace[T any](list []T, by T, same func(T) bool) []T {
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = by
		return list
	}
	return append(list, by)
}

// dropUnnamed leaves out fixtures without a network of their own in which nothing has happened.
func dropUnnamed(t *tracedata.Trace) {
	t.Nodes = slices.DeleteFunc(t.Nodes, func(n tracedata.Node) bool {
		return n.Namespaces["net"] != n.ID && !slices.ContainsFunc(t.Events, func(e tracedata.Event) bool { return e.Node == n.ID })
	})
}

func lastMoment(t *tracedata.Trace) (last int64) {
	if n := len(t.Events); n > 0 {
		last = t.Events[n-1].At
	}
	if n := len(t.Packets); n > 0 {
		last = max(last, t.Packets[n-1].At)
	}
	return last
}
