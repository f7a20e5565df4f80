// SPDX-License-Identifier: Apache-2.0

package creation

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// goStatement returns the place of the go statement that started the calling goroutine if that began in a function of
// this module, as with "go set.Do(f)": no frame is of the program then. Otherwise, which is nearly always, it returns "", for
// the price of a look at one frame. The frames are those of the calling goroutine.
func goStatement(pcs []uintptr) string {
	if len(pcs) < 2 {
		return ""
	}
	first := runtime.FuncForPC(pcs[len(pcs)-2] - 1) // the last one is runtime.goexit
	if first == nil || !strings.HasPrefix(first.Name(), module) {
		return ""
	}
	return createdBy(strings.Split(string(debug.Stack()), "\n"))
}

// createdBy finds in a stack the lines that say where its goroutine was started:
//
//	created by example.org/router.TestForwards in goroutine 7
//		/src/router/router_test.go:12 +0x1d
func createdBy(stack []string) string {
	const mark = "created by "
	at := slices.IndexFunc(stack, func(line string) bool { return strings.HasPrefix(line, mark) })
	if at < 0 || at+1 == len(stack) {
		return ""
	}
	function, _, _ := strings.Cut(strings.TrimPrefix(stack[at], mark), " in goroutine ")
	line, _, _ := strings.Cut(strings.TrimSpace(stack[at+1]), " +0x")
	file, _, _ := strings.Cut(line, ".go:")
	if ours(runtime.Frame{Function: function, File: file + ".go"}) {
		return ""
	}
	return showAt(line, function)
}
