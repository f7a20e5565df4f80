// SPDX-License-Identifier: Apache-2.0

// Package holepunch has two programs find a way to each other through the routers that keep them apart, and its test: through
// those of homes there is one, through two symmetric ones there is none. It runs as root or as yourself, and
// needs no other program.
//
//	go test -v ./examples/holepunch
package holepunch
