// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"errors"
	"go/ast"
	"io"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/reexec/gons"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// errorTypes has each exported error type of the module, by folder: its nil, its zero
// value, and how that reads.
var errorTypes = map[string]struct {
	null, zero error
	text       string
}{
	"internal/forkexec.Error": {(*forkexec.Error)(nil), new(forkexec.Error), ": unknown error"},
	"reexec.ActionError":      {(*reexec.ActionError)(nil), new(reexec.ActionError), ""},
	"reexec.Error":            {(*reexec.Error)(nil), new(reexec.Error), "gonso: reexec without an action: unknown error"},
	"reexec.PanicError":       {(*reexec.PanicError)(nil), new(reexec.PanicError), "panic: \n\n"},
	"reexec/gons.Error":       {(*gons.Error)(nil), new(gons.Error), "gons: unknown error"},
	"set.Error":               {(*set.Error)(nil), new(set.Error), "gonso: unknown step: unknown error"},
	"set.PanicError":          {(*set.PanicError)(nil), new(set.PanicError), "<nil>\n\ngonso: the panic was raised here:\n\n"},
}

// What is printed while something else goes wrong must not panic itself.
func TestErrorsOfNothingCanBePrinted(t *testing.T) {
	for name, e := range errorTypes {
		t.Run(name, func(t *testing.T) {
			if text := e.null.Error(); text != "<nil>" {
				t.Errorf("nil reads %q", text)
			}
			if text := e.zero.Error(); text != e.text {
				t.Errorf("the zero value reads %q, want %q", text, e.text)
			}
			for _, err := range []error{e.null, e.zero} {
				if errors.Is(err, io.EOF) {
					t.Errorf("%#v has a cause", err)
				}
			}
		})
	}
}

func TestEveryErrorTypeIsInTheTable(t *testing.T) {
	found := map[string]bool{}
	for _, f := range walk(t) {
		if !f.linked() {
			continue
		}
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "Error" || fn.Type.Params.NumFields() != 0 {
				continue
			}
			of := fn.Recv.List[0].Type
			if pointer, ok := of.(*ast.StarExpr); ok {
				of = pointer.X
			}
			if of, ok := of.(*ast.Ident); ok && of.IsExported() {
				found[f.dir()+"."+of.Name] = true
			}
		}
	}
	for name := range found {
		if _, ok := errorTypes[name]; !ok {
			t.Errorf("%s is in no row of errorTypes", name)
		}
	}
	for name := range errorTypes {
		if !found[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
