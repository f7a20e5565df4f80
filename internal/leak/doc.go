// SPDX-License-Identifier: Apache-2.0

// Package leak finds what a piece of code has left behind in its own process:
// threads in foreign namespaces, namespaces, descriptors, child processes and
// mounts.
//
//	before, err := leak.Take()
//	...
//	report, err := leak.Settle(ctx, before)
//	for _, thread := range report.Threads {
//		fmt.Println(thread) // thread 4711: net:[4026532177] instead of net:[4026531840]
//	}
//
// It finds and does not judge: a report lists what is there now and was not
// before, whoever made it. A mount that another process made in the same mount namespace
// is listed as well; a [MountWatch] tells which this process has made.
//
// What ends by itself a moment later is no leak, but is there for that moment. A
// goroutine that ends while locked takes its thread with it, but the thread is
// gone some microseconds after the goroutine. [Diff] compares two moments,
// [Settle] looks again until nothing is left or its context ends.
//
// Nothing that could not be read passes as 'no leak': it is an error.
package leak
