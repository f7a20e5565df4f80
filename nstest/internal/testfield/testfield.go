// SPDX-License-Identifier: Apache-2.0

// Package testfield reads what package testing notes of a test and has no method for. Reflection can see
// it. Where a version of Go has changed the fields the answer is that there is nothing, and tests of package nstest fail.
package testfield

import (
	"reflect"
	"sync/atomic"
	"testing"
)

// hasSubT and hasSubB are where the field is in tests and in benchmarks: looking for a name takes longer than
// a function in a namespace should wait.
var (
	hasSubT, _ = reflect.TypeFor[testing.T]().FieldByName("hasSub")
	hasSubB, _ = reflect.TypeFor[testing.B]().FieldByName("hasSub")
)

// HasSubtests reports whether Run or Fuzz of the test was called.
func HasSubtests(tb testing.TB) bool {
	switch tb := tb.(type) {
	case *testing.T:
		return isSet(reflect.ValueOf(tb).Elem(), hasSubT)
	case *testing.B:
		return isSet(reflect.ValueOf(tb).Elem(), hasSubB)
	case *testing.F:
		noted := reflect.ValueOf(tb).Elem().FieldByName("fuzzCalled")
		return noted.Kind() == reflect.Bool && noted.Bool()
	}
	return false
}

// isSet reports whether a field, which is an atomic.Bool, is true.
func isSet(test reflect.Value, field reflect.StructField) bool {
	if field.Type != reflect.TypeFor[atomic.Bool]() {
		return false
	}
	return (*atomic.Bool)(test.FieldByIndex(field.Index).Addr().UnsafePointer()).Load()
}

// ArtifactDirs returns the folders that the test and those around it have asked for, by name. The method,
// t.ArtifactDir, would make them.
func ArtifactDirs(t *testing.T) map[string]string {
	dirs := map[string]string{}
	for test := reflect.ValueOf(t); test.Kind() == reflect.Pointer && !test.IsNil(); {
		name, dir := test.Elem().FieldByName("name"), test.Elem().FieldByName("artifactDir")
		if name.Kind() == reflect.String && dir.Kind() == reflect.String && dir.Len() > 0 {
			dirs[name.String()] = dir.String()
		}
		test = test.Elem().FieldByName("parent")
	}
	return dirs
}
