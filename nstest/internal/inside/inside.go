// SPDX-License-Identifier: Apache-2.0

// Package inside runs functions that can fail in Sets.
package inside

import (
	"errors"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// Do is [set.Set.Do] for a function that can fail.
func Do(s set.Set, f func() error) error {
	_, err := Get(s, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// Get is [Do] for a function that returns a value.
func Get[T any](s set.Set, f func() (T, error)) (value T, err error) {
	if e := s.Do(func() { value, err = f() }); e != nil {
		return value, errors.Join(e, err)
	}
	return value, err
}

// DoIn is [Do] on a thread that has only joined the Set's namespace of one kind: whatever has become
// of the others does not matter. The thread is used again where it can go back, and so f leaves it as it is.
func DoIn(s set.Set, kind int, f func() error) error {
	_, err := GetIn(s, kind, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// GetIn is [DoIn] for a function that returns a value.
func GetIn[T any](s set.Set, kind int, f func() (T, error)) (value T, err error) {
	one, err := s.Dup(kind)
	if err != nil {
		return value, err
	}
	failed := one.DoRaw(func() bool {
		value, err = f()
		return true
	}, true)
	return value, errors.Join(failed, err, one.Close())
}
