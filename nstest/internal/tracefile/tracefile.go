// SPDX-License-Identifier: Apache-2.0

// Package tracefile keeps what happens in a test in a file, as it happens, and makes a trace of it: at the end of the test, or when
// its process was killed.
//
// The file is [Name], a JSON object a line, see [Record]. Beside it there may be [Capture], with the packets. The last line may be
// unfinished.
package tracefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// The files in the folder of a test.
const (
	Name    = "trace.jsonl"
	Capture = "capture.pcapng"
	Page    = "trace.html"
)

// A Record is a line of the file. One of its fields is set.
type Record struct {
	Test    *tracedata.Test  `json:"test,omitempty"` // the last one counts
	Node    *tracedata.Node  `json:"node,omitempty"` // the last one of an ID counts
	Link    *tracedata.Link  `json:"link,omitempty"` // the same
	Event   *tracedata.Event `json:"event,omitempty"`
	Line    *tracedata.Line  `json:"line,omitempty"`
	Omitted string           `json:"omitted,omitempty"` // what is not in here, in a sentence
}

// most is how many events of a kind there are at most. What a person has to read of a test is less; what the test did, and
// its failures, are all there.
var most = map[string]int{"change": 20_000, "output": 10_000, "verdict": 10_000}

// A Writer writes the file. Its methods may be called by any goroutine.
type Writer struct {
	mu    sync.Mutex
	file  *os.File
	count map[string]int // of events, by kind
	err   error          // the first one, after which nothing is written
}

// Create makes the file.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &Writer{file: f, count: make(map[string]int)}, nil
}

// Add writes a line. What goes wrong is known by Close.
func (w *Writer) Add(r Record) {
	line, err := json.Marshal(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	if r.Event != nil {
		w.count[r.Event.Kind]++
		if limit, ok := most[r.Event.Kind]; ok && w.count[r.Event.Kind] > limit {
			return
		}
	}
	if err == nil {
		_, err = w.file.Write(append(line, '\n')) // at once: nobody knows when the process is killed
	}
	w.err = err
}

// Close says in the file what was too much for it, and closes it. It returns what has kept the file from being complete.
func (w *Writer) Close() error {
	for kind, limit := range most {
		w.mu.Lock()
		more := w.count[kind] - limit
		w.mu.Unlock()
		if more > 0 {
			w.Add(Record{Omitted: fmt.Sprintf("%d events of the kind %q came after the first %d, and are left out.", more, kind, limit)})
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	err := errors.Join(w.err, w.file.Close())
	w.err = os.ErrClosed
	return err
}
