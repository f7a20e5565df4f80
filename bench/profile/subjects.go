// SPDX-License-Identifier: Apache-2.0

package main

// A subject is something that misses its target, beside what does not.
type subject struct {
	name  string
	scale int // 1 for milliseconds, 1000 for microseconds
	ways  []way
	parts []part
}

// A way is one of doing it.
type way struct {
	what       string
	env        []string // for go
	build      []string // arguments of go, which writes into a folder that is in PATH then
	shell      string   // what is run
	times      int      // how often
	operations int      // how many operations that is altogether
}

// A part of the time is that of the samples whose stack has one of these, and that are of no part before. The last has the rest.
type part struct {
	what, whose string
	in          []string
}

const bare = " exec -proc=false -lo=false -ping=false -run=false -varlib=false -etc=false -sys=false -eth0=false -shared=false -subids=false -- true"

// The parts of starting programs.
var programs = []part{
	{"true", "libc, kernel", []string{"comm=true"}},
	{"new namespaces, ID maps", "kernel", []string{"__x64_sys_unshare", "__x64_sys_setns", "set.writeMap", "set.writeProc", "syscall.writeUidGidMappings", "copy_namespaces", "copy_creds", "__x64_sys_mount", "switch_task_namespaces"}},
	{"a /run of its own", "kernel, ours", []string{"nssetup."}},
	{"the program is loaded", "kernel", []string{"__x64_sys_execve"}},
	{"processes and threads end", "kernel", []string{"do_exit", "__x64_sys_exit_group", "release_task"}},
	{"ld.so, libc's start", "libc", []string{"ld-linux-x86-64", "_dl_", "__libc_start", "_start (", "x_cgo_init"}},
	{"the Go runtime's start", "Go", []string{"runtime.rt0_go", "runtime.schedinit", "runtime.gcenable", "runtime.main.func1", "runtime.check"}},
	{"packages are initialised, of Go and of others", "Go, others", []string{"runtime.doInit1"}},
	{"threads: made, woken, put to sleep", "Go", []string{"runtime.newosproc", "runtime.newm", "_cgo_", "runtime.mstart", "runtime.mcall", "runtime.schedule", "runtime.startm", "runtime.futex", "runtime.mexit", "clone3", "start_thread", "runtime.sigtramp", "runtime.morestack"}},
	{"fork: page tables copied, then pages", "kernel", []string{"__do_sys_clone", "do_wp_page", "__x64_sys_vfork", "forkexec.(*script).fork"}},
	{"what this code does", "ours", []string{"seed-1bc5c4a2/gonso/", "main.main"}},
	{"the Go runtime besides", "Go", []string{"runtime."}},
	{"the rest", "", nil},
}

var subjects = []subject{
	{"exec", 1, []way{
		{"gonso exec", nil, []string{"build", "../cmd/gonso"}, "gonso" + bare, runs, runs},
		{"without cgo", []string{"CGO_ENABLED=0"}, []string{"build", "../cmd/gonso"}, "gonso" + bare, runs, runs},
		{"ten lines of Go", []string{"CGO_ENABLED=0"}, []string{"build", "./start/again"}, "again", runs, runs},
		{"unshare(1)", nil, nil, "unshare -UrnmpfiuC true", runs, runs},
	}, programs},
	{"command", 1, []way{
		{"in a net Set", nil, []string{"test", "."}, "bench.test -test.run=^$ -test.bench=Command/kind=net/who=gonso -test.benchtime=1000x", 1, 1000},
		{"in a pid Set", nil, nil, "bench.test -test.run=^$ -test.bench=Command/kind=pid/who=gonso -test.benchtime=1000x", 1, 1000},
		{"os/exec", nil, nil, "bench.test -test.run=^$ -test.bench=Command/kind=pid/who=floor -test.benchtime=1000x", 1, 1000},
	}, programs},
	{"rootless", 1, []way{
		{"rootless", nil, []string{"test", "./start/nstest"}, "env NSTEST_ROOTLESS=force nstest.test", runs, runs},
		{"as it is", nil, nil, "env NSTEST_ROOTLESS=off nstest.test", runs, runs},
	}, programs},
	{"suite", 1000, []way{
		{"nstest", nil, []string{"test", "./suites/plain"}, "SUITES_TESTS=2000 plain.test -test.run=^TestSuite$", 1, 2000},
		{"by hand", nil, []string{"test", "./suites/byhand"}, "SUITES_TESTS=2000 byhand.test -test.run=^TestSuite$", 1, 2000},
	}, []part{
		{"what the test does: listens, dials, asks", "kernel", []string{"suites/work.Do"}},
		{"the namespace is made", "kernel", []string{"__x64_sys_unshare"}},
		{"accept_dad, ping_group_range: found, opened, written", "kernel", []string{"setup.settings"}},
		{"lo is brought up", "kernel", []string{"sys.InterfaceUp", "netlink.LinkSetUp", "netlink.LinkByName", "netlink.(*Handle)"}},
		{"threads: made, woken, put to sleep, ended", "Go", []string{"runtime.newosproc", "runtime.newm", "_cgo_", "runtime.mstart", "runtime.mcall", "runtime.schedule", "runtime.startm", "runtime.futex", "runtime.mexit", "clone3", "start_thread", "do_exit", "runtime.sigtramp"}},
		{"has the test failed, does it panic?", "ours", []string{"lifecycle.Failed", "lifecycle.(*Test).Failed"}},
		{"has it left children? (getrusage, waitid)", "ours", []string{"internal/leftover."}},
		{"who made the fixture, for what is left behind", "ours", []string{"creation.Here"}},
		{"/proc/thread-self/ns: compared, opened", "kernel", []string{"sys.InodeIDAt", "sys.OpenAt"}},
		{"setns, close", "kernel", []string{"__x64_sys_setns", "__x64_sys_close"}},
		{"nstest besides", "ours", []string{"seed-1bc5c4a2/gonso/nstest", "seed-1bc5c4a2/gonso/pool", "seed-1bc5c4a2/gonso/set", "seed-1bc5c4a2/gonso/internal"}},
		{"package testing, the Go runtime besides", "Go", []string{"testing.", "runtime."}},
		{"the rest", "", nil},
	}},
	{"doraw", 1000, []way{
		{"DoRaw", nil, []string{"test", "."}, "bench.test -test.run=^$ -test.bench=Reused/kinds=1/procs=4/who=gonso -test.benchtime=200000x", 1, 200_000},
		{"floor", nil, nil, "bench.test -test.run=^$ -test.bench=Reused/kinds=1/procs=4/who=floor -test.benchtime=200000x", 1, 200_000},
	}, []part{
		{"setns", "kernel", []string{"__x64_sys_setns"}},
		{"system calls: in and out", "kernel, Go", []string{"sys.Setns", "unix.Setns", "bench.join"}},
		{"goroutines: made, run, handed over", "Go", []string{"runtime.mcall", "runtime.mstart", "runtime.newproc", "runtime.goexit0", "runtime.schedule", "runtime.startm", "runtime.wakep", "runtime.ready", "runtime.gopark", "runtime.chansend", "runtime.chanrecv", "runtime.systemstack"}},
		{"locks of the thread", "Go", []string{"LockOSThread"}},
		{"DoRaw besides", "ours", []string{"gonso/set.", "gonso/internal/"}},
		{"the rest", "", nil},
	}},
}
