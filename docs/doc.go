// SPDX-License-Identifier: Apache-2.0

// Package docs has guides, and a test that does what they say. A code block whose first line is like
//
//	```go router_test.go
//
// is a file, and one that begins with ```sh is run by a shell, in the order of the page, in a new module. What cannot
// be run everywhere begins with ```console.
package docs
