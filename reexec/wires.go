// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
)

// wires are the parent's side of the descriptors listed in wire.go.
type wires struct {
	env      string
	request  *os.File
	reply    *os.File
	crash    *os.File
	coverage *coverageFolder
	theirs   []*os.File // the child's ends, in order
}

func newWires() (_ *wires, err error) {
	w := new(wires)
	defer func() {
		if err != nil {
			err = errors.Join(err, w.closeTheirs(), w.close())
		}
	}()
	ticket, env, err := handshake.Offer(role, ticketFD)
	if err != nil {
		return nil, err
	}
	w.env, w.theirs = env, []*os.File{ticket}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w.request, w.theirs = write, append(w.theirs, read)
	for _, ours := range []**os.File{&w.reply, &w.crash} {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		*ours, w.theirs = read, append(w.theirs, write)
	}
	w.coverage, err = openCoverage()
	return w, err
}

// extraFiles are the descriptors that the child inherits, from number 3 on.
func (w *wires) extraFiles() []*os.File {
	var coverage *os.File
	if w.coverage != nil {
		coverage = w.coverage.dir
	}
	return append(w.theirs[:len(w.theirs):len(w.theirs)], coverage)
}

// ask sends the request, and the parameter once the child has begun: so the action begins
// when its parent is ready for that. That a child does not read it shows in its reply.
func (w *wires) ask(call call, arrival *arrival, begun <-chan struct{}) {
	r := request{Action: call.action, Coverage: w.coverage != nil, Arrival: arrival}
	param := call.param
	if param == nil {
		param = json.RawMessage("null")
	}
	if err := json.NewEncoder(w.request).Encode(r); err != nil {
		return
	}
	<-begun
	// A number ends only where something else begins.
	if _, err := w.request.Write(param); err == nil {
		_, _ = w.request.WriteString("\n")
	}
}

// A reply is what the child said.
type reply struct {
	ready   bool
	outcome *message
	err     error
}

// listen returns the child's reply, having put the result where it belongs. It calls begun
// when the child says that it is one.
func (w *wires) listen(result any, begun func()) (r reply) {
	begun = sync.OnceFunc(begun)
	replies := json.NewDecoder(w.reply)
	for {
		m := new(message)
		if r.err = replies.Decode(m); r.err != nil {
			return r
		}
		begun()
		if m.Outcome == ready {
			r.ready = true
			continue
		}
		r.outcome = m
		if m.Outcome == done && result != nil {
			r.err = replies.Decode(result)
		}
		return r
	}
}

// crashReport returns what the child's runtime had to say, up to a limit.
func (w *wires) crashReport() string {
	text, err := io.ReadAll(io.LimitReader(w.crash, crashLimit))
	if err == nil {
		// A full pipe would keep the child from dying.
		_, _ = io.Copy(io.Discard, w.crash)
	}
	return string(text)
}

// hurry ends what still reads at the deadline. The child is gone by then, and
// all it wrote is there: only somebody else who holds a pipe keeps it open.
func (w *wires) hurry(deadline time.Time) error {
	return errors.Join(w.reply.SetReadDeadline(deadline), w.crash.SetReadDeadline(deadline))
}

func (w *wires) closeTheirs() error { return closeAll(w.theirs...) }

func (w *wires) close() error {
	err := closeAll(w.request, w.reply, w.crash)
	return errors.Join(err, w.coverage.release())
}

func closeAll(files ...*os.File) error {
	var errs []error
	for _, f := range files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
