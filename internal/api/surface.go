// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// exported returns a line for each thing that a program which imports the package can name, in
// alphabetical order.
func exported(pkg *types.Package) (lines []string) {
	w := writer{pkg}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			lines = append(lines, w.object(obj)...)
		}
	}
	slices.Sort(lines)
	return lines
}

// A writer writes types as they are written in files that import pkg.
type writer struct{ pkg *types.Package }

func (w writer) object(obj types.Object) []string {
	switch obj := obj.(type) {
	case *types.Const:
		return []string{fmt.Sprintf("const %s %s = %s", obj.Name(), w.typ(obj.Type()), obj.Val().ExactString())}
	case *types.Var:
		return []string{fmt.Sprintf("var %s %s", obj.Name(), w.typ(obj.Type()))}
	case *types.Func:
		return []string{"func " + obj.Name() + w.signature(obj.Signature())}
	case *types.TypeName:
		return w.typeName(obj)
	default:
		return nil
	}
}

func (w writer) typeName(obj *types.TypeName) []string {
	if obj.IsAlias() {
		return []string{fmt.Sprintf("type %s = %s", obj.Name(), w.typ(types.Unalias(obj.Type())))}
	}
	named := obj.Type().(*types.Named)
	head := "type " + obj.Name() + w.typeParams(named.TypeParams())
	switch under := named.Underlying().(type) {
	case *types.Interface:
		return []string{head + " " + w.interfaceType(under)}
	case *types.Struct:
		return slices.Concat([]string{head + " struct"}, w.fields(obj.Name(), under), w.methods(named))
	default:
		return append([]string{head + " " + w.typ(under)}, w.methods(named)...)
	}
}

// interfaceType is one line: a program that implements the interface breaks with one more
// method.
func (w writer) interfaceType(t *types.Interface) string {
	if !t.IsMethodSet() {
		return w.typ(t)
	}
	var has []string
	hidden := false
	for m := range t.Methods() {
		if m.Exported() {
			has = append(has, m.Name()+w.signature(m.Signature()))
		}
		hidden = hidden || !m.Exported()
	}
	slices.Sort(has)
	if hidden {
		has = append(has, "unexported methods")
	}
	return "interface { " + strings.Join(has, "; ") + " }"
}

func (w writer) fields(name string, t *types.Struct) (lines []string) {
	for f := range t.Fields() {
		switch {
		case !f.Exported():
		case f.Embedded():
			lines = append(lines, fmt.Sprintf("field %s.%s embedded %s", name, f.Name(), w.typ(f.Type())))
		default:
			lines = append(lines, fmt.Sprintf("field %s.%s %s", name, f.Name(), w.typ(f.Type())))
		}
	}
	return lines
}

// methods also lists what an unexported type promotes. Those of an exported one that is
// embedded stand with that type.
func (w writer) methods(named *types.Named) (lines []string) {
	values := types.NewMethodSet(named)
	for method := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		m := method.Obj().(*types.Func)
		if !m.Exported() || embedsExported(named, method.Index()) {
			continue
		}
		receiver := named.Obj().Name()
		if values.Lookup(m.Pkg(), m.Name()) == nil {
			receiver = "*" + receiver
		}
		lines = append(lines, fmt.Sprintf("method (%s) %s%s", receiver, m.Name(), w.signature(m.Signature())))
	}
	return lines
}

// embedsExported reports whether the way to a method leads through an embedded field that is
// exported.
func embedsExported(t types.Type, way []int) bool {
	for _, i := range way[:len(way)-1] {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		field := t.Underlying().(*types.Struct).Field(i)
		if field.Exported() {
			return true
		}
		t = field.Type()
	}
	return false
}

func (w writer) typeParams(list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var params []string
	for p := range list.TypeParams() {
		params = append(params, p.Obj().Name()+" "+w.typ(p.Constraint()))
	}
	return "[" + strings.Join(params, ", ") + "]"
}

func (w writer) signature(s *types.Signature) string {
	return w.typeParams(s.TypeParams()) + strings.TrimPrefix(w.typ(types.NewSignatureType(nil, nil, nil, s.Params(), s.Results(), s.Variadic())), "func")
}

func (w writer) typ(t types.Type) string {
	return types.TypeString(nameless(t), types.RelativeTo(w.pkg))
}

// unexported stands for each type that a program cannot name.
var unexported = types.NewNamed(types.NewTypeName(token.NoPos, nil, "unexported", nil), types.NewStruct(nil, nil), nil)

// nameless leaves out names that no program can use: those of parameters, results and
// unexported types.
func nameless(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.Named:
		if obj := t.Obj(); obj.Pkg() != nil && !obj.Exported() {
			return unexported
		}
		return t
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, namelessTuple(t.Params()), namelessTuple(t.Results()), t.Variadic())
	case *types.Pointer:
		return types.NewPointer(nameless(t.Elem()))
	case *types.Slice:
		return types.NewSlice(nameless(t.Elem()))
	case *types.Array:
		return types.NewArray(nameless(t.Elem()), t.Len())
	case *types.Map:
		return types.NewMap(nameless(t.Key()), nameless(t.Elem()))
	case *types.Chan:
		return types.NewChan(t.Dir(), nameless(t.Elem()))
	default:
		return t
	}
}

func namelessTuple(list *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range list.Variables() {
		vars = append(vars, types.NewVar(v.Pos(), v.Pkg(), "", nameless(v.Type())))
	}
	return types.NewTuple(vars...)
}
