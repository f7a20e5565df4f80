// SPDX-License-Identifier: Apache-2.0

// Package testfield reads what package testing notes of a test and has no method for. Reflection can see
// it. Where a version of Go has changed the fields the answer is that there is nothing, and tests of package nstest fail.
package testfield

import (
	"reflect"
	"testing"
)

// HasSubtests reports whether Run or Fuzz of the test was called.
func HasSubtests(tb testing.TB) bool {
	switch tb.(type) {
	case *testing.T, *testing.B:
		noted := reflect.ValueOf(tb).Elem().FieldByName("hasSub") // an atomic.Bool
		if noted.Kind() == reflect.Struct {
			noted = noted.FieldByName("v")
		}
		return noted.Kind() == reflect.Uint32 && noted.Uint() != 0
	case *testing.F:
		noted := reflect.ValueOf(tb).Elem().FieldByName("fuzzCalled")
		return noted.Kind() == reflect.Bool && noted.Bool()
	}
	return false
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
