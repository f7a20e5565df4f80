// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
)

const source = `package b

import "io"

type Door struct {
	Name string
	latch
	io.Reader
	key  int
}

type latch struct{}

func (*latch) Close(hard bool) (err error) { return nil }
func (Door) Open(f func(n int) (ok bool)) {}

type Lock interface { Turn(times int); hide() }
type Keys[K comparable] map[K]int
type Same = Door
type Option func(*latch)

const Most = 1 << 3
var ErrShut error
func New(name string, opts ...Option) *Door { return nil }
func secret() {}
`

// A module writes the files of a module in a folder of its own: its package b and a changelog.
func module(t *testing.T) (root string, write func(path, text string)) {
	need.Tool(t, "go", "golang-go")
	root = t.TempDir()
	write = func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/a\n\ngo 1.26\n")
	write("b/b.go", source)
	write("internal/c/c.go", "package c\n\nfunc Hidden() {}\n")
	write("cmd/d/main.go", "package main\n\nfunc main() {}\n")
	write(changelog, "# Changelog\n\n## Unreleased\n\n- Nothing.\n\n## 0.1.0\n\n- b.New, Door.Open and b.Lock changed long ago.\n")
	return root, write
}

// expect runs the command and wants a complaint for each of the texts, in this order.
func expect(t *testing.T, root string, renew bool, texts ...string) {
	t.Helper()
	wrong, err := run(root, renew)
	if err != nil {
		t.Fatal(err)
	}
	good := len(wrong) == len(texts)
	for i := range min(len(wrong), len(texts)) {
		good = good && strings.Contains(wrong[i], texts[i])
	}
	if !good {
		t.Fatalf("renew %v: got %q, want what has %q", renew, wrong, texts)
	}
}

func TestTheRecordIsWhatProgramsCanName(t *testing.T) {
	root, _ := module(t)
	expect(t, root, true)
	got, err := os.ReadFile(filepath.Join(root, "api/b.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`const Most untyped int = 8`,
		`field Door.Name string`,
		`field Door.Reader embedded io.Reader`,
		`func New(string, ...Option) *Door`,
		`method (*Door) Close(bool) error`,
		`method (Door) Open(func(int) bool)`,
		`type Door struct`,
		`type Keys[K comparable] map[K]int`,
		`type Lock interface { Turn(int); unexported methods }`,
		`type Option func(*unexported)`,
		`type Same = Door`,
		`var ErrShut error`,
	}
	if lines := strings.Split(strings.TrimSpace(string(got)), "\n"); !slices.Equal(lines, want) {
		t.Errorf("got\n%s", got)
	}
	if entries, err := os.ReadDir(filepath.Join(root, folder)); err != nil || len(entries) != 1 {
		t.Errorf("the record has %v (%v), want one file", entries, err)
	}
}

func TestAnAdditionWantsARenewedRecord(t *testing.T) {
	root, write := module(t)
	expect(t, root, true)
	expect(t, root, false)
	write("b/more.go", "package b\n\nfunc (Door) Knock() {}\n")
	expect(t, root, false, `lacks "method (Door) Knock()"`)
	expect(t, root, true)
	expect(t, root, false)
	write("b/more.go", "package b\n")
	write("e/e.go", "package e\n\nfunc New() {}\n")
	expect(t, root, false, `b.txt: "method (Door) Knock()" is no longer`, `e.txt: it lacks "func New()"`)
}

func TestABreakWantsALineInTheChangelog(t *testing.T) {
	root, write := module(t)
	expect(t, root, true)
	write("b/b.go", strings.NewReplacer("name string, ", "", "func (Door) Open", "func (Door) open", "Turn(times int)", "Turn()").Replace(source))
	missing := []string{
		`"func New(string, ...Option) *Door" of b is broken, and nothing under "Unreleased" names b.New`,
		`names Door.Open`, `names b.Lock`,
	}
	expect(t, root, true, missing...)
	expect(t, root, false, missing...)
	unreleased := func(text string) {
		write(changelog, "# Changelog\n\n## Unreleased\n\n"+text+"\n## 0.1.0\n\n- b.Lock\n")
	}
	unreleased("- `b.New` takes no name; `Door.Opener` is no name of ours.\n")
	expect(t, root, false, missing[1:]...)
	unreleased("- `b.New` takes no name, `b.Door.Open` is gone.\n- b.Lock: Turn takes nothing.\n")
	expect(t, root, false)

}

func TestATypeSpeaksForItsMembers(t *testing.T) {
	root, write := module(t)
	expect(t, root, true)
	write("b/b.go", "package b\n\nfunc New() {}\n")
	wrong, err := run(root, true)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, "names Door.") }) {
		t.Errorf("type Door is gone, and each of its members is to be named: %q", wrong)
	}
	write(changelog, "\n## Unreleased\n\n- Gone are b.Most, b.Door, b.Keys, b.Lock, b.Option, b.Same, b.ErrShut; b.New is new.\n")
	expect(t, root, false)
}

// What was tried on a branch and never reached main is no break, and a break that the record
// hides is one.
func TestMainIsWhatABranchBreaks(t *testing.T) {
	need.Tool(t, "git", "git")
	root, write := module(t)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=n", "-c", "user.email=e@example.com"}, args...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	expect(t, root, true)
	git("add", ".")
	git("commit", "-q", "-m", "first")
	git("checkout", "-q", "-b", "topic")
	for _, text := range []string{"func Try() {}", "func Try(int) {}"} {
		write("b/more.go", "package b\n\n"+text+"\n")
		expect(t, root, true)
		git("add", ".")
		git("commit", "-q", "-m", "try")
	}
	write("b/b.go", strings.Replace(source, "name string, ", "", 1))
	expect(t, root, true, "names b.New")
	if err := os.Remove(filepath.Join(root, folder, broken)); err != nil {
		t.Fatal(err)
	}
	expect(t, root, false, `broken.txt: it lacks "b: func New(string, ...Option) *Door"`)
	write("b/b.go", source)
	expect(t, root, true)

	git("checkout", "-q", "-f", "main")
	git("merge", "-q", "topic")
	write("b/more.go", "package b\n")
	expect(t, root, true, "names b.Try")
}

func TestAPackageThatIsGoneBreaks(t *testing.T) {
	root, write := module(t)
	write("e/e.go", "package e\n\nfunc New() {}\n")
	expect(t, root, true)
	if err := os.RemoveAll(filepath.Join(root, "e")); err != nil {
		t.Fatal(err)
	}
	expect(t, root, false, `e.txt: "func New()" is no longer exported`)
	expect(t, root, true, `names e.New`)
}

func TestAModuleThatDoesNotCompileIsAnError(t *testing.T) {
	root, write := module(t)
	write("b/b.go", "package b\n\nvar X = nothing\n")
	if wrong, err := run(root, false); err == nil {
		t.Errorf("no error; %q", wrong)
	}
}
