// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Process is one that has a namespace of the Set for its own.
type Process struct {
	PID   int // as this process sees it
	Comm  string
	State byte // see procfs.Stat
	Args  []string
}

// ErrForeignProc tells that /proc has other numbers for processes than this process.
var ErrForeignProc = errors.New("/proc is that of another pid namespace")

func (p Process) String() string {
	if len(p.Args) == 0 {
		return fmt.Sprintf("process %d (%s)", p.PID, oneLine(p.Comm))
	}
	return fmt.Sprintf("process %d (%s)", p.PID, shortened(oneLine(strings.Join(p.Args, " ")), maxLength/2))
}

// What the letters of ps(1) stand for; S, that it sleeps, goes unsaid.
var processStates = map[byte]string{'R': "runs", 'D': "in disk sleep", 'T': "stopped", 't': "traced"}

func processLines(list []Process) []string {
	var rows [][]string
	for _, p := range list {
		rows = append(rows, []string{strconv.Itoa(p.PID), p.Comm, strings.Join(p.Args, " "), processStates[p.State]})
	}
	return columns(rows)
}
