// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package rootless

// Run returns that the tests are to run in this process: there are no namespaces.
func Run(bool) (code int, p Place) { return 0, Here }

// CanReturn reports that no thread has left the network of this process.
func CanReturn() bool { return true }

// WakeParent does nothing: no parent runs the tests in a child.
func WakeParent() (stop func()) { return func() {} }

// StopListening does nothing: no signal was passed on.
func StopListening() {}
