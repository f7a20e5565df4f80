// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
)

// mostLines is how many lines of its log a test that waits shows: the last ones, which say why it has failed.
const mostLines = 20

// whyFailed returns lines for people: why a test has failed, and where to read on.
func whyFailed(t *lifecycle.Test, instances []*lifecycle.Instance) string {
	lines := strings.Split(strings.Trim(logOf(t), "\n"), "\n")
	if more := len(lines) - mostLines; more > 0 {
		lines = append([]string{fmt.Sprintf("    (%d lines before)", more)}, lines[more:]...)
	}
	why := strings.Join(lines, "\n")
	if why != "" {
		why += "\n"
	}
	if dir := evidence.Made(instances[0].TB); dir != "" {
		why += "What is kept of it is in " + dir + ".\n"
	}
	return why
}

// logOf returns what the test has logged, indented, and in Ginkgo its failure. With -test.v it is printed already.
func logOf(t *lifecycle.Test) string {
	if t.TB() != nil {
		text, _, _ := testfield.Output(t.TB(), 0)
		return text
	}
	failure := ginkgo.CurrentSpecReport().Failure
	at := fmt.Sprintf("%s:%d", filepath.Base(failure.Location.FileName), failure.Location.LineNumber)
	text := failure.Message
	if failure.ForwardedPanic != "" {
		text += ": " + failure.ForwardedPanic
	}
	return "    " + at + ": " + strings.ReplaceAll(text, "\n", "\n        ")
}
