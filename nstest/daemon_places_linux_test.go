// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// What a daemon leaves behind is found by numbers, of which each pid namespace has its own.
func TestADaemonOfAPidNamespace(t *testing.T) {
	const detached = `setsid sh -c "trap '' TERM; echo stubborn; while :; do sleep 1000; done" & echo ready; wait`
	ns := nstest.New(t, set.NS_NET|set.NS_PID|set.NS_MNT)
	ns.Start(ns.Command("sh", "-c", detached), nstest.Printing("^ready$"), nstest.Printing("^stubborn$"),
		nstest.Grace(10*time.Millisecond)).Restart()
}

// The command of one fixture would run in another one, with whatever it was meant for elsewhere.
func TestADaemonRunsWhereItsCommandWasMade(t *testing.T) {
	g := NewWithT(t)
	a, b := nstest.New(t, set.NS_NET, nstest.Named("a")), nstest.New(t, set.NS_NET|set.NS_UTS, nstest.Named("b"))
	g.Expect(failure.Text(t, func(tb testing.TB) { a.For(tb).Start(b.Command("sleep", "1000")) })).To(Equal(
		"nstest: a: start a daemon: the command was made by the fixture b, which has another net namespace: make it by a's own method Command"))
	names := nstest.New(t, set.NS_UTS, nstest.Sharing(a, set.NS_NET))
	names.Start(a.Command("sleep", "1000"))
	here, err := set.Current(set.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	defer here.Close()
	a.Start(here.Command(t.Context(), "sleep", "1000"))
}

func TestADaemonInProcess(t *testing.T) {
	nstest.InProcess(t, "inner", set.NS_NET|set.NS_PID, func(t *testing.T) {
		ns := nstest.New(t, set.NS_NET)
		ns.Start(ns.Command("sh", "-c", "sleep 1000 & echo ready; wait"), nstest.Printing("ready")).Restart()
	})
}

// The clock of a bubble stands still while a program runs.
func TestADaemonInABubble(t *testing.T) {
	program := daemon(t)
	synctest.Test(t, func(t *testing.T) {
		ns := nstest.New(t, set.NS_NET)
		ns.Start(ns.Command(program, "tcp", ":80"), nstest.Listening("tcp", ":80"), nstest.Printing("listens")).Restart()
	})
}
