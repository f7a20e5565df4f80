// SPDX-License-Identifier: Apache-2.0

// Package register is a small replicated register, and the test of what it promises: five processes keep one
// value, and a client that can reach three of them reads what was written last. The test runs each process on a
// host of its own, splits the network into groups of two and three, heals it, and checks that all that the
// clients saw is what a single register could have answered.
//
// The algorithm is that of Attiya, Bar-Noy and Dolev (1995): a write gives its value a later stamp than
// any that a majority knows, and has a majority store it; a read takes the value with the latest stamp
// that a majority knows, and has a majority store it before it returns.
//
//	go test -v ./examples/register
package register
