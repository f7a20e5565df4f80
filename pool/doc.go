// SPDX-License-Identifier: Apache-2.0

// Package pool keeps Sets of new namespaces ready before they are needed.
//
// Making a network namespace takes the kernel some hundred microseconds, and
// setting it up takes more. A [Pool] does both in the background, so that a test
// or a request that wants fresh namespaces gets them at once:
//
//	p := pool.New(set.NS_NET, func() error { return upLoopback() })
//	_, stop := p.Run(ctx, 8)
//	defer stop()
//
//	s, err := p.Get()
//	if err != nil {
//		return err
//	}
//	defer s.Close() // never used again by anyone
//
// # When not to use it
//
// A pool does not clean. [Pool.Put] is for Sets that are as they were; close one that
// you have changed. A program that uses one Set all its life needs no pool either.
package pool
