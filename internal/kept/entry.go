// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// An Entry has the fixtures of one test. Its names in JSON stay as they are.
type Entry struct {
	Name   string    `json:"name"` // made of the test's by [NameOf], with a number if several are called so
	Test   string    `json:"test"`
	Folder string    `json:"folder"` // in which it ran, mostly that of its package
	Since  time.Time `json:"since"`
	Boot   string    `json:"boot"`          // the kernel's random number of this boot
	PIDs   string    `json:"pid_namespace"` // in which the numbers of processes mean something
	Holder Process   `json:"holder"`        // has the namespaces open
	Run    Process   `json:"run,omitzero"`  // in which the test ran
	// Others are what else lives on for the namespaces' sake: the first processes of pid namespaces.
	Others []Process `json:"others,omitempty"`
	// Around are the namespaces of the run itself that are not the user's, such as the user namespace of a rootless
	// one. They are entered first.
	Around   []Namespace `json:"around,omitempty"`
	Fixtures []Fixture   `json:"fixtures"`
	Paused   *Pause      `json:"paused,omitempty"` // unless the test has ended
}

// A Pause says that the test waits.
type Pause struct {
	Test  Process    `json:"test"` // the process in which it runs
	Until *time.Time `json:"until,omitempty"`
}

// A Fixture has the namespaces of a fixture, in the order in which they can be joined.
type Fixture struct {
	Name       string      `json:"name"` // made by [NameOf]
	Namespaces []Namespace `json:"namespaces"`
	// Programs are those that the test has started in it, and that live on, also since its process was killed.
	Programs []Process `json:"programs,omitempty"`
}

// processes lists all that live on but the holder.
func (e *Entry) processes() (list []Process) {
	for _, f := range e.Fixtures {
		list = append(list, f.Programs...)
	}
	return append(list, e.Others...)
}

// Names lists what the fixtures are called on a command line.
func (e *Entry) Names() []string {
	names := make([]string, len(e.Fixtures))
	for i := range e.Fixtures {
		names[i] = e.NameOf(i)
	}
	return names
}

// NameOf returns what the fixture with that index is called on a command line: after its entry, and by its own name
// as well if that has several.
func (e *Entry) NameOf(i int) string {
	if len(e.Fixtures) == 1 {
		return e.Name
	}
	return e.Name + "/" + e.Fixtures[i].Name
}

// Why [Find] finds no fixture.
var (
	ErrNone      = errors.New("no fixture of that name is kept, and no paused test has one")
	ErrAmbiguous = errors.New("several fixtures are meant")
)

// Find returns the fixture of that name, and its entry. The name of an entry stands for its only fixture.
func Find(entries []*Entry, name string) (*Entry, *Fixture, error) {
	for _, e := range entries {
		if e.Name == name && len(e.Fixtures) != 1 {
			return nil, nil, fmt.Errorf("%s: %w: %s", name, ErrAmbiguous, strings.Join(e.Names(), ", "))
		}
		for i := range e.Fixtures {
			if name == e.NameOf(i) || name == e.Name+"/"+e.Fixtures[i].Name {
				return e, &e.Fixtures[i], nil
			}
		}
	}
	return nil, nil, fmt.Errorf("%s: %w", name, ErrNone)
}
