// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// variables are the Err variables that travel from a child to its parent, by name.
var variables = map[string]error{
	"reexec.ErrUnregistered":   reexec.ErrUnregistered,
	"reexec.ErrNoCheckAction":  reexec.ErrNoCheckAction,
	"reexec.ErrNested":         reexec.ErrNested,
	"reexec.ErrNoResult":       reexec.ErrNoResult,
	"reexec.ErrResult":         reexec.ErrResult,
	"reexec.ErrGoexit":         reexec.ErrGoexit,
	"reexec.ErrCoverage":       reexec.ErrCoverage,
	"reexec.ErrTerminated":     reexec.ErrTerminated,
	"set.ErrNeedsProcess":      set.ErrNeedsProcess,
	"context.Canceled":         context.Canceled,
	"context.DeadlineExceeded": context.DeadlineExceeded,
	"errors.ErrUnsupported":    errors.ErrUnsupported,
	"fs.ErrInvalid":            fs.ErrInvalid,
	"fs.ErrPermission":         fs.ErrPermission,
	"fs.ErrExist":              fs.ErrExist,
	"fs.ErrNotExist":           fs.ErrNotExist,
	"fs.ErrClosed":             fs.ErrClosed,
	"io.EOF":                   io.EOF,
	"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
	"io.ErrClosedPipe":         io.ErrClosedPipe,
	"io.ErrNoProgress":         io.ErrNoProgress,
	"io.ErrShortBuffer":        io.ErrShortBuffer,
	"io.ErrShortWrite":         io.ErrShortWrite,
	"net.ErrClosed":            net.ErrClosed,
	"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
	"os.ErrNoDeadline":         os.ErrNoDeadline,
	"os.ErrProcessDone":        os.ErrProcessDone,
	"exec.ErrDot":              exec.ErrDot,
	"exec.ErrNotFound":         exec.ErrNotFound,
	"exec.ErrWaitDelay":        exec.ErrWaitDelay,
}

// returnAll returns each of the variables, on its own line.
var returnAll = reexec.Func("return all", func(_ context.Context, names []string) (int, error) {
	var errs []error
	for _, name := range names {
		errs = append(errs, fmt.Errorf("wrapped: %w", variables[name]))
	}
	return 0, errors.Join(errs...)
})

func TestErrVariablesArrive(t *testing.T) {
	g := NewWithT(t)
	var names []string
	for name := range variables {
		names = append(names, name)
	}
	_, err := returnAll.Run(t.Context(), names)
	for name, variable := range variables {
		g.Expect(errors.Is(err, variable)).To(BeTrue(), name)
	}
	_, err = returnAll.Run(t.Context(), []string{"reexec.ErrNested"})
	for name, variable := range variables {
		g.Expect(errors.Is(err, variable)).To(Equal(name == "reexec.ErrNested"), name)
	}
}

func TestEveryErrVariableIsInTheTable(t *testing.T) {
	for name, dir := range map[string]string{"reexec": ".", "set": "../set"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for variable, object := range parsed.Scope.Objects {
				if _, ok := variables[name+"."+variable]; object.Kind == ast.Var && strings.HasPrefix(variable, "Err") && !ok {
					t.Errorf("%s: %s.%s is not in the table of those that travel", file, name, variable)
				}
			}
		}
	}
}
