// SPDX-License-Identifier: Apache-2.0

// Package holder starts processes of a page of code, which do a single thing after their parent has ended:
//
//   - A holder holds what it was given open, and waits for ever.
//   - A drain reads a pipe until its end, so that programs which write into it go on, and ends.
//   - A guard kills a process, or a process group, when its parent ends, unless it was dismissed before.
//
// A fork of this process would hold its memory for as long, secrets included. A program of the machine, such as
// sleep(1), need not be there in a mount namespace, and is no good first process of a pid namespace: root in there can
// reach it by /proc/1/exe. So the programs are a few dozen bytes that exist in memory alone, and that nobody can change.
// Each begins by closing all descriptors from the number of its arguments on. There is one argument for each of those
// below, so that ps(1) shows what each is for.
//
// They have no environment and no memory but a page of code and their stack. A session of its own keeps each alive when the
// terminal is closed, and at ^C.
package holder
