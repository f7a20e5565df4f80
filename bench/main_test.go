// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"golang.org/x/sys/unix"
)

// exitsAtOnce is in the environment of a child that shows what a process of this
// program takes that does nothing.
const exitsAtOnce = "BENCH_EXITS_AT_ONCE"

func TestMain(m *testing.M) {
	if os.Getenv(exitsAtOnce) != "" {
		os.Exit(0)
	}
	nstest.Main(described{m}, nstest.NoLeakCheck()) // which would have its share in the figures, see who=watched
}

// described prints what the figures of a run depend on, as the benchmark format has
// it (golang.org/design/14313-benchmark-format).
type described struct{ m *testing.M }

func (d described) Run() int {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() != "" {
		if err := describe(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return d.m.Run()
}

func describe() error {
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return err
	}
	busy, err := busyCPUs()
	if err != nil {
		return err
	}
	fmt.Printf("kernel: %s %s\n", unix.ByteSliceToString(uname.Sysname[:]), unix.ByteSliceToString(uname.Release[:]))
	fmt.Printf("go: %s\n", strings.TrimPrefix(runtime.Version(), "go"))
	fmt.Printf("cpus: %d\n", runtime.NumCPU())
	fmt.Printf("date: %s\n", time.Now().UTC().Format(time.DateOnly))
	fmt.Printf("busy-cpus: %.2f\n", busy)
	return nil
}

// busyCPUs returns how many CPUs others use while this process does nothing.
func busyCPUs() (float64, error) {
	const span = 300 * time.Millisecond
	before, err := idleTime()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	<-time.After(span)
	after, err := idleTime()
	if err != nil {
		return 0, err
	}
	return max(0, float64(runtime.NumCPU())-(after-before).Seconds()/time.Since(start).Seconds()), nil
}

// idleTime returns for how long the CPUs together had nothing to do since the machine
// was started (proc_stat(5)).
func idleTime() (time.Duration, error) {
	const tick = time.Second / 100 // USER_HZ
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	var user, nice, system, idle, wait int64
	if _, err := fmt.Sscanf(string(stat), "cpu %d %d %d %d %d", &user, &nice, &system, &idle, &wait); err != nil {
		return 0, fmt.Errorf("/proc/stat: %w", err)
	}
	return time.Duration(idle+wait) * tick, nil
}
