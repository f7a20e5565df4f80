// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

// A playback gives the output of a child to the tests that it is about.
type playback struct {
	root    *scene
	scenes  map[string]*scene // what has begun, by full name
	current *scene            // nil: the output is of no test that we play
	strays  bytes.Buffer

	artifacts map[string]string // the folders of the tests around, as they are called here
	names     []string          // and before each of them what the process calls it
}

// A scene is a test in the child.
type scene struct {
	name    string
	verdict string
	t       *testing.T         // who plays it, for what is played as it comes
	script  []func(*testing.T) // what is to be played, for the others
}

func (s *scene) plays(act func(*testing.T)) {
	if s.t != nil {
		act(s.t)
	} else {
		s.script = append(s.script, act)
	}
}

// mark precedes what package testing says (cmd/internal/test2json).
const mark = "\x16"

func (p *playback) read(output io.Reader) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		text, event, marked := strings.Cut(strings.NewReplacer(p.names...).Replace(line), mark)
		if text != "" {
			p.print(text)
		}
		if marked {
			p.event(strings.TrimSuffix(event, "\n"))
		}
		if err != nil {
			return // io.EOF: nobody closes the pipe with another error
		}
	}
}

func (p *playback) print(text string) {
	if p.current == nil {
		p.strays.WriteString(text)
		return
	}
	// Output indents, as the log is already.
	text = strings.TrimSuffix(strings.TrimPrefix(text, "    "), "\n")
	p.current.plays(func(t *testing.T) { _, _ = fmt.Fprintln(t.Output(), text) })
}

// event takes in "=== RUN   Test/sub" and "--- PASS: Test/sub (0.00s)".
func (p *playback) event(text string) {
	fields := strings.Fields(text)
	if len(fields) < 3 {
		p.current = nil // "PASS" and "FAIL" of the whole, "=== NAME" of nobody
		return
	}
	verb, name := fields[1], fields[2]
	switch dir := p.artifacts[name]; {
	case verb == "RUN":
		p.begin(name)
	case verb == "ARTIFACTS" && dir != "":
		p.names = append(p.names, strings.SplitN(text, name+" ", 2)[1], dir)
		return
	}
	p.current = p.scenes[name]
	if p.current == nil {
		p.strays.WriteString(text + "\n")
		return
	}
	switch verb {
	case "ARTIFACTS":
		dir := strings.SplitN(text, name+" ", 2)[1]
		p.current.plays(func(t *testing.T) { sayArtifacts(t, dir) })
	case "ATTR":
		if key, value, ok := strings.Cut(strings.SplitN(text, name+" ", 2)[1], " "); ok {
			p.current.plays(func(t *testing.T) { t.Attr(key, value) })
		}
	case "PASS:", "FAIL:", "SKIP:":
		p.current.verdict = strings.TrimSuffix(verb, ":")
		p.finish(p.current)
	}
}

// begin notes a test that is the root or below.
func (p *playback) begin(name string) {
	if name == p.root.name {
		p.scenes[name] = p.root
	} else if strings.HasPrefix(name, p.root.name+"/") {
		p.scenes[name] = &scene{name: name}
	}
}

// finish plays a test that has ended as a subtest of the one around it. The root is ended
// by end.
func (p *playback) finish(s *scene) {
	if s == p.root {
		return
	}
	delete(p.scenes, s.name)
	around := p.root
	for name, other := range p.scenes {
		if len(name) > len(around.name) && strings.HasPrefix(s.name, name+"/") {
			around = other
		}
	}
	around.plays(func(t *testing.T) {
		t.Run(strings.TrimPrefix(s.name, around.name+"/"), func(t *testing.T) {
			for _, act := range s.script {
				act(t)
			}
			conclude(t, s.verdict)
		})
	})
}

func conclude(t *testing.T, verdict string) {
	switch verdict {
	case "PASS":
	case "FAIL":
		t.Fail()
	case "SKIP":
		if !t.Failed() {
			t.SkipNow()
		}
	default:
		t.Error("nstest: the process of this test ended before it did")
	}
}

// end ends the root as its process has ended.
func (p *playback) end(code int, err error) {
	t := p.root.t
	t.Helper()
	begun := p.scenes[p.root.name] != nil
	// Those within others first.
	for len(p.scenes) > 1 || len(p.scenes) == 1 && !begun {
		var inner *scene
		for _, s := range p.scenes {
			if s != p.root && (inner == nil || len(s.name) > len(inner.name)) {
				inner = s
			}
		}
		p.finish(inner)
	}
	var panicked *reexec.PanicError
	switch {
	case errors.Is(err, reexec.ErrNoCheckAction):
		t.Errorf("nstest: InProcess needs a TestMain that calls nstest.Main or reexec.RunTests: %v", err)
	case errors.As(err, &panicked):
		t.Errorf("nstest: the process of this test has crashed: %v", panicked)
	case err != nil:
		t.Errorf("nstest: %v", err)
	case !begun:
		t.Errorf("nstest: this test did not begin in its process, which says\n%s", p.strays.String())
	case p.root.verdict == "PASS" && code != 0:
		t.Errorf("nstest: this test passed in its process, which ended with exit code %d, and says\n%s", code, p.strays.String())
	default:
		conclude(t, p.root.verdict)
	}
}
