// SPDX-License-Identifier: Apache-2.0

// Package evidence has the folders for what is kept of tests: captures, traces, pictures.
//
// The folder of a test is
//
//  1. with go test -artifacts the one of t.ArtifactDir; in Ginkgo, whose own is elsewhere, one of the same form;
//  2. otherwise, with NSTEST_ARTIFACTS or TEST_UNDECLARED_OUTPUTS_DIR (Bazel), one below that folder;
//  3. otherwise one in a folder of this process, which is below that for temporary files, and stays.
//
// It is a new one for each run of each test: with -count, with two runs at once, for each attempt of Ginkgo.
package evidence

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// folders has those of the tests that run.
var folders = struct {
	sync.Mutex
	of map[any]string
}{of: make(map[any]string)}

// A spec stands for all of Ginkgo's: one runs at a time.
type spec struct{}

// An attempt is the one to run a spec that the folder of spec{} is for.
var attempt struct {
	began  time.Time
	number int
}

// Folder returns the folder of the test, or of Ginkgo's spec that runs. It is made by the first call, and is the same
// until the test has ended.
func Folder(tb testing.TB) (string, error) {
	folders.Lock()
	defer folders.Unlock()
	key := keyOf(tb)
	if dir, ok := folders.of[key]; ok {
		return dir, nil
	}
	dir, err := makeFolder(tb)
	if err != nil {
		return "", fmt.Errorf("the folder for what is kept of %s: %w", tb.Name(), err)
	}
	if key == nil {
		return dir, nil
	}
	folders.of[key] = dir
	if key != (spec{}) {
		tb.Cleanup(func() {
			folders.Lock()
			defer folders.Unlock()
			delete(folders.of, key)
		})
	}
	return dir, nil
}

// Made returns the folder of the test, or of Ginkgo's spec that runs, if it was made, and nothing otherwise.
func Made(tb testing.TB) string {
	folders.Lock()
	defer folders.Unlock()
	if key := keyOf(tb); key != nil {
		return folders.of[key]
	}
	return ""
}

// keyOf returns what the test has in folders, or nil if it can have nothing there. The lock is held.
func keyOf(tb testing.TB) any {
	switch {
	case lifecycle.IsGinkgo(tb):
		report := ginkgo.CurrentSpecReport()
		if !report.StartTime.Equal(attempt.began) || report.NumAttempts != attempt.number {
			attempt.began, attempt.number = report.StartTime, report.NumAttempts
			delete(folders.of, spec{})
		}
		return spec{}
	case !reflect.ValueOf(tb).Comparable():
		return nil
	}
	return tb
}

// Say logs where a file is that was kept of a test, and gives it to those who read what 'go test -json' prints.
func Say(tb testing.TB, what, path string) {
	tb.Helper()
	if lifecycle.IsGinkgo(tb) {
		ginkgo.AddReportEntry("nstest: "+what, path, ginkgo.ReportEntryVisibilityFailureOrVerbose, ginkgo.CurrentSpecReport().LeafNodeLocation)
		return
	}
	tb.Logf("nstest: %s: %s", what, path)
	if !strings.ContainsAny(path, "\r\n") { // which would fail the test
		tb.Attr("nstest."+what, path)
	}
}
