// SPDX-License-Identifier: Apache-2.0

// Package layout is a test: it holds this module to the form that ARCHITECTURE.md
// draws. Which package may import which is the table of rooms_test.go, what every
// file keeps to the one of files_test.go. Each row must be about something, and
// each rule is shown to find what breaks it.
package layout
