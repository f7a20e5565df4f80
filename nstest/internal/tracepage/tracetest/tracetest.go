// SPDX-License-Identifier: Apache-2.0

// Package tracetest has traces to try the page with, also in a browser.
package tracetest

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

//go:embed testdata/*.json
var prepared embed.FS

// Prepared returns a trace of each of the prepared failures, by its name.
func Prepared(tb testing.TB) map[string]*tracedata.Trace {
	tb.Helper()
	traces, err := Read()
	if err != nil {
		tb.Fatal(err)
	}
	return traces
}

// Read is [Prepared] for what is no test.
func Read() (map[string]*tracedata.Trace, error) {
	names, err := fs.Glob(prepared, "testdata/*.json")
	if err != nil {
		return nil, fmt.Errorf("tracetest: %w", err)
	}
	traces := make(map[string]*tracedata.Trace)
	for _, name := range names {
		data, err := prepared.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("tracetest: %w", err)
		}
		trace := new(tracedata.Trace)
		if err := json.Unmarshal(data, trace); err != nil {
			return nil, fmt.Errorf("tracetest: %s: %w", name, err)
		}
		traces[strings.TrimSuffix(path.Base(name), ".json")] = trace
	}
	return traces, nil
}

// Evil is text of which nothing may be executed or shown as it is: markup that ends the page's own elements, event
// handlers, escape sequences of terminals, control characters, and one that turns the direction of writing.
const Evil = "</script><script>window.hit=1</script><img src=x onerror='window.hit=1'></title><!--<script>" +
	"\"'><svg onload=window.hit=1>\x1b[31mred\x1b[0m\x1b]8;;javascript:window.hit=1\x07\x00\x07\b\u202e\u2028{{title}} ${window.hit=1}"

// Hostile returns a trace that has [Evil] in each of its texts.
func Hostile() *tracedata.Trace {
	trace := &tracedata.Trace{
		Nodes:   make([]tracedata.Node, 1),
		Links:   make([]tracedata.Link, 1),
		Events:  []tracedata.Event{{Change: new(tracedata.Change)}, {Condition: new(tracedata.Condition)}, {}},
		Packets: []tracedata.Packet{{Layers: []tracedata.Layer{{Fields: make([]tracedata.Field, 1)}}}},
		Log:     make([]tracedata.Line, 1),
		Sources: []tracedata.Source{{Lines: make([]string, 1)}},
		Omitted: make([]string, 1),
	}
	poison(reflect.ValueOf(trace).Elem())
	trace.Version = tracedata.Version
	trace.Nodes[0].Namespaces = map[string]string{Evil: Evil}
	return trace
}

func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(Evil)
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				poison(v.Field(i))
			}
		}
	}
}
