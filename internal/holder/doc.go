// SPDX-License-Identifier: Apache-2.0

// Package holder starts processes that do nothing but hold what they were given open, after their parent has ended.
//
// A fork of this process would hold its memory for as long, secrets included. A program of the machine, such as
// sleep(1), need not be there in a mount namespace, and is no good first process of a pid namespace: root in there can
// reach it by /proc/1/exe. So the program is a few dozen bytes that exist in memory alone, and that nobody can change:
//
//  1. It closes all descriptors from the number of its arguments on. There is one argument for each of those below, so
//     that ps(1) shows what each is for.
//  2. It reads its standard input until its end, so that programs which write into that pipe go on.
//  3. It waits for ever.
//
// It has no environment and no memory but a page of code and its stack. A session of its own keeps it alive when the
// terminal is closed.
package holder
