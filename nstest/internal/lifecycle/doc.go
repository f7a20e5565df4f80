// SPDX-License-Identifier: Apache-2.0

// Package lifecycle follows the fixtures of tests from when they are made to when they are closed, and
// reports their state where a test fails.
//
// An [Instance] is what a fixture has for one test. It passes through these phases, in this order:
//
//	open      the test uses it
//	swept     its processes have been looked for: none of the test is left in it
//	released  its clean-up has run, and it waits for the other fixtures of the test
//	closed    its Set is closed
//
// A [Test] has the instances of one test. In Ginkgo, which runs one spec at a time, there is a single one: its
// instances are those of the spec that runs and of the suite. What is known of its failure:
//
//	running   nothing
//	reading   it has failed, or panics: the state of its instances is being read; who changes something waits
//	failed    the state was read
//
// Another attempt, or spec, of Ginkgo begins with running.
//
//  1. As soon as somebody knows that a test has failed, the state of all its instances is read: when
//     Fixture.Do ends with a failure, or when a clean-up begins; in Ginkgo, when it says so (DeferOnFailure).
//  2. The clean-up of an instance logs what was read of it. That makes it a line of where
//     the fixture was made.
//  3. Clean-ups run in reverse order, and one between those of two fixtures may fail.
//     So the instances of a test are closed together, when the first that was made is released.
//
// A test that passes pays for one look at whether it failed, and whether it panics. An [Observer] is told of
// a failure, of a test that hangs, and of the end.
package lifecycle
