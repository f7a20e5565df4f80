// SPDX-License-Identifier: Apache-2.0

// Package reexec runs a piece of this program as another process.
//
// A goroutine cannot do everything, however well its thread is locked: it cannot live
// in another user, pid or time namespace, change the root directory or drop its
// privileges. A process can. An action is a function that runs in one:
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
// The new process is this program started again. It initialises its packages, gets to
// [CheckAction], calls the function with the parameter that it was sent, sends back
// what the function returned and exits. So it shares nothing with its parent but what
// it is given: parameter and result are copied as JSON, global variables have their
// first values, and an action must be made where package variables are initialised. In
// tests, CheckAction belongs in TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(reexec.RunTests(m)) }
//
// [Register] and [RunReexecAction] are the same with the names and habits of
// github.com/thediveo/gons/reexec, where values travel over standard input and output.
// They differ from the original in the following:
//
//   - What goes wrong is an error, and never a panic of the parent.
//   - What the action prints on standard error is not a failure. It goes to the parent's
//     standard error.
//   - The action must print its result and nothing else. An exit status other than 0 is
//     a failure.
//   - A process that has printed its result and does not end gets SIGTERM and is then killed, as
//     in the original, but a little later: it has time to write its coverage data.
//   - A process that prints nothing and does not end is waited for; [Context] bounds that.
//
// # Where it runs
//
// [In] makes the action run in a Set, whatever its kinds of namespaces. [Unshare] makes new
// namespaces for one action. [Chroot], [Credential], [Dir] and [Environment] set what their
// names say:
//
//	users, err := CountUsers.Run(ctx, "/etc/passwd", reexec.In(container), reexec.Log(t))
//
// Neither the program's file nor its libraries have to be visible under the new root
// directory. The process first joins its namespaces, then starts the program under the root
// directory of its parent, and changes to its own before package main is initialised.
//
// In two cases it changes to its own root directory before it starts the program: in
// another user namespace, because root in there could otherwise reach the parent's files
// through the process; and if it is not root, because it could not change the root
// directory later. In these cases the new root directory must have the dynamic loader
// and the libraries of a program that is linked dynamically, and a /proc if the action
// uses package set.
//
// An action that runs another one, see [Nested], needs a /proc in every case.
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
// Every other way in which a process can end is reported as well:
//
//	gonso: reexec answer: the process ended before the action returned: signal: killed
//	gonso: reexec answer: context deadline exceeded: terminated before the action returned
//	gonso: reexec answer: the program does not call reexec.CheckAction first thing in main or TestMain
//
// # Coverage
//
// What a child runs is part of the coverage that go test reports, and of the data that
// a program built with go build -cover writes. That holds in every mode, in other
// namespaces, in a chroot and for another user, and you have to do nothing for it.
// Counters are lost only if the child is killed, or if its action calls os.Exit inside
// a chroot or as another user.
//
// The coverage data of a process that ran as another user is checked for its form only:
// links, FIFOs, garbage and files of a third user are left out, and the run returns
// [ErrCoverage]. Counters that were forged with care can still spoil the profile.
//
// # When not to use it
//
// If a thread can do it, package set does it a hundred times faster: network, mount,
// uts, ipc and cgroup namespaces need no process. In a test, nstest.InProcess runs a
// subtest in a process of its own. To run another program there is [os/exec], and
// Set.Command of package set. An action is no worker to send many jobs to: each run is
// a process of its own.
package reexec
