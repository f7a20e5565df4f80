// SPDX-License-Identifier: Apache-2.0

// Package callsite finds lines of the test in the call stack, for messages.
package callsite

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Outside returns the line that has called the package with that import path, such as "router_test.go:17". It
// is for functions of that package.
func Outside(path string) string {
	return line(func(f runtime.Frame) bool { return !strings.HasPrefix(f.Function, path+".") })
}

// Panicked returns the line that has panicked: the first below the runtime's frames. It is for a deferred function.
func Panicked() string {
	panicking := false
	return line(func(f runtime.Frame) bool {
		isRuntime := strings.HasPrefix(f.Function, "runtime.")
		panicking = panicking || isRuntime
		return panicking && !isRuntime
	})
}

// line returns the first line of the call stack that is wanted, from who has called this package on.
func line(wanted func(runtime.Frame) bool) string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		frame, more := frames.Next()
		if wanted(frame) || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
	}
}
