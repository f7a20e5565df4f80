// SPDX-License-Identifier: Apache-2.0

// Package reexec runs a piece of this program as another process.
//
// Some things a goroutine cannot do, however well its thread is locked: live in
// another user, pid or time namespace, change the root directory, drop its
// privileges. A process of its own can. An action is a function that runs in
// one:
//
//	var Answer = reexec.Func("answer", func(ctx context.Context, question string) (int, error) {
//		return 42, nil
//	})
//
//	func main() {
//		reexec.CheckAction() // in the new process, this is where it goes
//		n, err := Answer.Run(context.Background(), "why")
//		...
//	}
//
// The new process is this program started again. It initialises its packages,
// gets to [CheckAction], calls the function with the parameter that it was sent,
// sends back what the function returned and exits. So it shares nothing with its
// parent but what it is given: parameter and result are copied as JSON, global
// variables have their first values, and an action must be made where package
// variables are initialised. In tests, CheckAction belongs into TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(reexec.RunTests(m)) }
//
// [Register] and [RunReexecAction] are the same with the names and habits of
// github.com/thediveo/gons/reexec, where values travel over standard input and
// output. They differ from the original in these:
//
//   - What goes wrong is an error, and never a panic of the parent.
//   - What the action prints on standard error is no failure. It goes where the parent's does.
//   - The result has to be all that the action prints, and the exit status counts.
//   - A process that has printed its result and does not end is asked to, and then killed, as in
//     the original, but a little later: it has time to write its coverage data.
//   - A process that prints nothing and does not end is waited for; [Context] bounds that.
//
// # Where it runs
//
// [In] names a Set of namespaces of any kinds, [Unshare] makes new ones for one action,
// [Chroot], [Credential], [Dir] and [Environment] do what they do for other processes:
//
//	users, err := CountUsers.Run(ctx, "/etc/passwd", reexec.In(container), reexec.Log(t))
//
// Nothing of the program has to be visible in there, not even its libraries: the process
// starts under the root directory of its parent, with its namespaces joined, and goes to its
// own before package main is initialised. (In another user namespace it must not, since
// others are root in there, and one that is not root cannot: they need their
// dynamic loader, if they have one, in there, and a /proc for package set.) Processes that it
// starts are what they are anywhere. An action that runs another one, with [Nested],
// needs /proc.
//
// # When it fails
//
// Every failure is an [*Error] and says what it was. An action's own error reads
// as it did in the child, and [errors.Is] finds the same errnos in it:
//
//	gonso: reexec mount: mount /x: operation not permitted
//
// A panic, in whichever goroutine, comes with the stacks of the child:
//
//	gonso: reexec parse: panic: assignment to entry in nil map
//
//	goroutine 1 [running, locked to thread]:
//	...
//	main.parse({0x0?, 0x0?}, {0x9ae1c5?, 0x5?})
//		/home/me/parse.go:75 +0x85
//
// And so does every other end that a process can come to:
//
//	gonso: reexec answer: the process ended before the action returned: signal: killed
//	gonso: reexec answer: context deadline exceeded: terminated before the action returned
//	gonso: reexec answer: the program does not call reexec.CheckAction first thing in main or TestMain
//
// # Coverage
//
// What a child runs is part of the coverage that go test reports, and of what a
// program built with go build -cover writes, in every mode, also from inside of
// other namespaces and a chroot and also by another user. Nothing has to be done for
// it. Only a child that is killed loses its counters, and one whose action calls
// [os.Exit] inside a chroot or as another user.
//
// What another user's process leaves as its coverage data is trusted no further than that it
// looks like Go's: links, FIFOs, garbage and files of a third user are left out, which is an
// error of that run ([ErrCoverage]). But counters that somebody forged with care can still
// spoil the profile.
//
// # When not to use it
//
// If a thread can do it, package set does it a hundred times faster: network,
// mount, uts, ipc and cgroup namespaces need no process. In a test, nstest.InProcess
// makes a subtest of it. To run another
// program there is [os/exec], and Set.Command of package set. An action is no
// worker to send many jobs to: each run is a process of its own.
package reexec
