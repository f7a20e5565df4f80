// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"fmt"
	"strings"
)

// Does says what the verdict does to a frame, such as "delayed by 20ms, doubled", or nothing if the frame passes as it is.
func (v Verdict) Does() string {
	var list []string
	if v.Drop {
		return "dropped"
	}
	if v.Data != nil {
		list = append(list, "replaced")
	}
	if v.Corrupt {
		list = append(list, "corrupted")
	}
	if v.Delay > 0 {
		list = append(list, fmt.Sprintf("delayed by %v", v.Delay))
	}
	if v.Hold > 0 {
		list = append(list, "held until the next one")
	}
	switch v.Copies {
	case 0:
	case 1:
		list = append(list, "doubled")
	default:
		list = append(list, fmt.Sprintf("made %d", v.Copies+1))
	}
	return strings.Join(list, ", ")
}

// Bad reports whether the verdict loses or damages a frame.
func (v Verdict) Bad() bool { return v.Drop || v.Corrupt }

// What says what has become of a frame that has entered, such as "dropped by the filter of x_test.go:41"; nothing if it is as
// it was.
func (e Event) What() string {
	var list []string
	rest := e.Fate
	if does := e.Verdict.Does(); does != "" {
		list = append(list, strings.TrimSuffix(does+" by "+e.Verdict.By, " by "))
		rest.Dropped = 0 // it was counted as well, and so was the rest
		rest.Duplicated -= min(rest.Duplicated, uint64(e.Verdict.Copies))
		if e.Verdict.Corrupt {
			rest.Corrupted -= min(rest.Corrupted, 1)
		}
	}
	for _, f := range rest.faults() {
		list = append(list, f.what)
	}
	return strings.Join(list, ", ")
}
