// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

const (
	coveredDir = "./testdata/cover/actions"
	coveredPkg = "github.com/seed-1bc5c4a2/gonso/reexec/testdata/cover/actions"
)

// A workshop builds and runs the programs of testdata/cover.
type workshop struct {
	*testing.T
	dir  string // where everything is written
	tmp  string // TMPDIR of what is run
	mode string
	args []string // what is to be run
	want []string // what is to be covered
	env  []string // more variables
}

func newWorkshop(t *testing.T, mode string) *workshop {
	t.Helper()
	need.Tool(t, "go", "golang-go") // builds the programs of this test
	w := &workshop{T: t, dir: t.TempDir(), tmp: t.TempDir(), mode: mode}
	w.args = []string{"Returns", "Fails", "Panics", "Exits", "Obeys", "Disobeys", "Moves=/", "HasChild", "Registered"}
	w.args = append(w.args, "InUser", "InPid")
	if os.Getuid() == 0 || !linkedDynamically(t) {
		w.args = append(w.args, "InMount", "InAll", "InChroot="+t.TempDir())
	}
	if !linkedDynamically(t) {
		w.args = append(w.args, "InMountOfUser")
	} else {
		t.Log("empty folders in a user namespace are left out: a program with a loader does not start there")
	}
	if os.Getuid() == 0 {
		// ChrootsOver has the coverage folder below its new root.
		w.args = append(w.args, "Chroots="+t.TempDir(), "ChrootsOver="+filepath.Dir(w.dir), "AsOther", "AsOtherInAll")
	} else {
		t.Log("chroots without a user namespace, and other users, are left out: they need root")
	}
	for _, arg := range w.args {
		name, _, _ := strings.Cut(arg, "=")
		w.want = append(w.want, name)
	}
	w.want = append(w.want, "Grandchild", "Hide")
	return w
}

// run runs a program and returns its outputs.
func (w *workshop) run(dir, name string, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GOCOVERDIR=") })
	cmd.Env = append(cmd.Env, "COVER_ACTIONS="+strings.Join(w.args, " "), "TMPDIR="+w.tmp)
	cmd.Env = append(cmd.Env, w.env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// ok is run for what has to succeed in silence: it returns the standard output.
func (w *workshop) ok(dir, name string, args ...string) string {
	w.Helper()
	stdout, stderr, err := w.run(dir, name, args...)
	if err != nil || stderr != "" {
		w.Fatalf("%s %q: %v\n%s%s", name, args, err, stdout, stderr)
	}
	return stdout
}

// build builds with the go command in this package's folder.
func (w *workshop) build(what string, args ...string) string {
	w.Helper()
	exe := filepath.Join(w.dir, strings.ReplaceAll(what, " ", "-"))
	args = append(append(strings.Fields(what), "-buildvcs=false", "-o", exe), args...)
	if _, stderr, err := w.run("", "go", args...); err != nil {
		w.Fatalf("go %q: %v\n%s", args, err, stderr)
	}
	return exe
}

// verify compares what the tools read from coverage data with what was run.
func (w *workshop) verify(how, table string) {
	w.Helper()
	for _, name := range w.want {
		covered := regexp.MustCompile(`(?:actions|places|hostile)\.go:\d+:\s+` + name + `\s+(\S+)`).FindStringSubmatch(table)
		if covered == nil {
			w.Errorf("%s, %s, %s: not in the profile", w.mode, how, name)
			continue
		}
		w.Logf("%-6s  %-38s  %-11s  %s", w.mode, how, name, covered[1])
		if covered[1] != "100.0%" {
			w.Errorf("%s, %s, %s: %s of it is covered", w.mode, how, name, covered[1])
		}
	}
}

// profile verifies a profile, and that the percentage on stdout is the profile's.
func (w *workshop) profile(how, path, stdout string) {
	w.Helper()
	head, err := os.ReadFile(path)
	if err != nil {
		w.Errorf("%s, %s: %v", w.mode, how, err)
		return
	}
	if want := "mode: " + w.mode + "\n"; !bytes.HasPrefix(head, []byte(want)) {
		w.Errorf("%s, %s: the profile does not begin with %q", w.mode, how, want)
	}
	table := w.ok("", "go", "tool", "cover", "-func="+path)
	w.verify(how, table)
	total := regexp.MustCompile(`\(statements\)\s+(\S+)`).FindStringSubmatch(table)
	if total == nil || !strings.Contains(stdout, "coverage: "+total[1]+" of statements") {
		w.Errorf("%s, %s: the profile has %q, the output is\n%s", w.mode, how, total, stdout)
	}
}

func (w *workshop) nothingLeft() {
	w.Helper()
	left, err := os.ReadDir(w.tmp)
	if err != nil || len(left) > 0 {
		w.Errorf("left in TMPDIR: %v, %v", left, err)
	}
}

func TestCoverageOfChildren(t *testing.T) {
	for _, mode := range []string{"set", "count", "atomic"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel() // much of this is waiting for children that disobey
			// An ordinary user has one mode to see what only root does, and two as himself.
			if mode == "set" && !asRoot(t) {
				return
			}
			w := newWorkshop(t, mode)
			w.goTest()
			w.byHand()
			w.program()
			w.nothingLeft()
		})
	}
}

// What a child leaves under the right names, and is no coverage data, harms nobody.
func TestCoverageOfHostileChildren(t *testing.T) {
	if !asRoot(t) {
		return
	}
	w := newWorkshop(t, "atomic")
	w.want = []string{"Lingers", "Nothing"}
	w.args = []string{
		"Fifo", "FifoMeta", "Link", "LinkMeta", "Dir", "Empty", "Garbage", "Secret", "Header", "Segments", "Magic", "WrongHash", "GarbageMeta",
		"TwoNames", "Huge", "Many", "ForgedMeta", "MetaFiles", "Temporary", "Leaves",
	}
	if initial(t) {
		w.args = append(w.args, "Device") // mknod(2) needs CAP_MKNOD in the initial user namespace
	}
	folder := filepath.Join(w.dir, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		w.Fatal(err)
	}
	w.env = []string{"COVER_FOLDER=" + folder}
	exe := w.build("test -c", "-covermode="+w.mode, "./testdata/cover/hostile")
	stdout := w.ok(w.dir, exe, "-test.v", "-test.coverprofile=hostile.out", "-test.gocoverdir="+folder)
	t.Log(stdout)
	w.verify("test binary", w.ok("", "go", "tool", "cover", "-func="+filepath.Join(w.dir, "hostile.out")))
	w.ok("", "go", "tool", "covdata", "func", "-i="+folder)
	w.nothingLeft()
}

// initial reports whether this process is in the initial user namespace.
func initial(t *testing.T) bool {
	t.Helper()
	maps, err := procfs.UIDMap(procfs.Root, procfs.Self)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Equal(maps, []procfs.IDRange{{Count: 1<<32 - 1}})
}

func (w *workshop) goTest() {
	w.Helper()
	out := filepath.Join(w.dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		w.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		w.Fatal(err)
	}
	relative, err := filepath.Rel(here, out)
	if err != nil {
		w.Fatal(err)
	}
	cover := []string{"test", "-count=1", "-vet=off", "-covermode=" + w.mode, "-coverprofile=c.out", "-outputdir=" + relative}

	stdout := w.ok("", "go", append(cover, coveredDir)...)
	w.profile("go test -cover", filepath.Join(out, "c.out"), stdout)

	more := append(cover, "-coverpkg="+coveredPkg+",github.com/seed-1bc5c4a2/gonso/reexec", coveredDir)
	stdout = w.ok("", "go", more...)
	w.profile("go test -coverpkg", filepath.Join(out, "c.out"), stdout)

	defer func(args []string) { w.args = args }(w.args)
	w.args = append(w.args, "Broken")
	stdout, _, err = w.run("", "go", append(cover, coveredDir)...)
	if err == nil {
		w.Errorf("a suite that fails:\n%s", stdout)
	}
	w.profile("go test -cover, suite fails", filepath.Join(out, "c.out"), stdout)
}

// byHand runs a test binary as ginkgo does, or as a person would.
func (w *workshop) byHand() {
	w.Helper()
	exe := w.build("test -c", "-covermode="+w.mode, coveredDir)
	// -test.outputdir is for other profiles: go test itself places this one.
	stdout := w.ok(w.dir, exe, "-test.outputdir=out", "-test.coverprofile=hand.out")
	w.profile("test binary", filepath.Join(w.dir, "hand.out"), stdout)
	if lines := strings.Split(stdout, "\n"); len(lines) != 3 || lines[0] != "PASS" || lines[2] != "" {
		w.Errorf("%s, test binary: more was printed than verdict and percentage:\n%s", w.mode, stdout)
	}
	if without := w.ok(w.dir, exe); without != stdout {
		w.Errorf("%s, test binary without a profile: it says\n%sand with one\n%s", w.mode, without, stdout)
	}

	folder := filepath.Join(w.dir, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		w.Fatal(err)
	}
	stdout = w.ok(w.dir, exe, "-test.gocoverdir=folder", "-test.coverprofile=folder.out")
	w.profile("test binary -test.gocoverdir", filepath.Join(w.dir, "folder.out"), stdout)
}

func (w *workshop) program() {
	w.Helper()
	exe := w.build("build", "-cover", "-covermode="+w.mode, "./testdata/cover/prog")
	folder := filepath.Join(w.dir, "data")
	if err := os.Mkdir(folder, 0o755); err != nil {
		w.Fatal(err)
	}
	var want strings.Builder
	for _, arg := range w.args {
		name, _, _ := strings.Cut(arg, "=")
		fmt.Fprintln(&want, name)
	}
	w.env = []string{"GOCOVERDIR=data"}
	stdout := w.ok(w.dir, exe, w.args...)
	w.env = nil
	if stdout != want.String() {
		w.Errorf("%s, go build -cover: it printed\n%s", w.mode, stdout)
	}
	w.verify("go build -cover", w.ok("", "go", "tool", "covdata", "func", "-i="+folder, "-pkg="+coveredPkg))

	// The program itself complains of a missing folder, its children do not.
	stdout, stderr, err := w.run(w.dir, exe, w.args...)
	if err != nil || stdout != want.String() || strings.Count(stderr, "\n") != 1 {
		w.Errorf("%s, go build -cover without GOCOVERDIR: %v\n%s%s", w.mode, err, stdout, stderr)
	}
}

func TestNothingIsPrintedWithoutCoverage(t *testing.T) {
	w := newWorkshop(t, "no")
	if out := w.ok(w.dir, w.build("test -c", coveredDir)); out != "PASS\n" {
		t.Errorf("test binary: %q", out)
	}
	folder := filepath.Join(w.dir, "data")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	w.env = []string{"GOCOVERDIR=" + folder}
	w.ok(w.dir, w.build("build", "./testdata/cover/prog"), w.args...)
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("a program without coverage wrote %v, %v", left, err)
	}
	w.nothingLeft()
}
