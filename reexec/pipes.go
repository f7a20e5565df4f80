// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
)

// pipes are the parent's side of the descriptors listed in protocol.go.
type pipes struct {
	env      string
	request  *os.File
	reply    *os.File
	crash    *os.File
	coverage *coverageFolder
	child    []*os.File  // the child's ends, in order
	parent   []io.Closer // what else is open
}

func newPipes() (_ *pipes, err error) {
	p := new(pipes)
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(p.child), closeAll(p.parent))
		}
	}()
	ticket, env, err := handshake.Offer(role, ticketFD)
	if err != nil {
		return nil, err
	}
	p.env, p.child = env, []*os.File{ticket}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.request, p.child, p.parent = write, append(p.child, read), append(p.parent, write)
	for _, end := range []**os.File{&p.reply, &p.crash} {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		*end, p.child, p.parent = read, append(p.child, write), append(p.parent, read)
	}
	p.coverage, err = openCoverage()
	p.parent = append(p.parent, p.coverage)
	return p, err
}

// sendRequest sends the request, and the parameter once the child is ready: so the action begins
// when its parent is ready for that. That a child does not read it shows in its reply.
func (p *pipes) sendRequest(call call, setup *setup, ready <-chan struct{}) {
	r := request{Action: call.action, Coverage: p.coverage != nil, Setup: setup}
	param := call.param
	if param == nil {
		param = json.RawMessage("null")
	}
	if err := json.NewEncoder(p.request).Encode(r); err != nil {
		return
	}
	<-ready
	// A number ends only where something else begins.
	if _, err := p.request.Write(param); err == nil {
		_, _ = p.request.WriteString("\n")
	}
}

// A reply is what the child said.
type reply struct {
	ready   bool
	outcome *message
	err     error
}

// readReply returns the child's reply, having put the result where it belongs. It calls started
// when the child says that it is one.
func (p *pipes) readReply(result any, started func()) (r reply) {
	started = sync.OnceFunc(started)
	replies := json.NewDecoder(p.reply)
	for {
		m := new(message)
		if r.err = replies.Decode(m); r.err != nil {
			return r
		}
		started()
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

// readCrash returns what the child's runtime had to say, up to a limit.
func (p *pipes) readCrash() string {
	text, err := io.ReadAll(io.LimitReader(p.crash, crashLimit))
	if err == nil {
		// A full pipe would keep the child from dying.
		_, _ = io.Copy(io.Discard, p.crash)
	}
	return string(text)
}
