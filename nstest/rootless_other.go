// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package nstest

func runRootless() (inside bool) { return false }

func attend(_ bool, work func() int) int {
	code := make(chan int)
	go func() { code <- work() }()
	return <-code
}
