// SPDX-License-Identifier: Apache-2.0

package kept_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/kept"
)

// folder returns the register of a user with that runtime folder, which is empty.
func folder(t *testing.T) (f *kept.Folder, path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "gonso")
	t.Setenv("XDG_RUNTIME_DIR", dir)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return opened(t, path), path
}

// opened returns the folder with that path.
func opened(t *testing.T, path string) *kept.Folder {
	t.Helper()
	all, err := kept.All()
	t.Cleanup(func() {
		for _, f := range all {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	for _, f := range all {
		if f.Path() == path {
			return f
		}
	}
	t.Fatalf("%s is not among %v (%v)", path, all, err)
	return nil
}

// sleeper starts a process.
func sleeper(t *testing.T) (kept.Process, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command("sleep", "infinity")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has ended
		_ = cmd.Wait()         // unless that is done
	})
	p, err := kept.ProcessOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return p, cmd
}

func names(t *testing.T, f *kept.Folder) (list []string) {
	t.Helper()
	entries, err := f.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name)
	}
	return list
}

func add(t *testing.T, f *kept.Folder, e *kept.Entry) *kept.Entry {
	t.Helper()
	if err := f.Add(e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestNamesCanBeTypedAndToldApart(t *testing.T) {
	plain := regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
	seen := map[string]string{}
	for _, text := range []string{
		"TestRouter", "TestRouter/IPv6 only", "TestRouter/../../etc/passwd", "net, uts#2", "router does $(reboot)", "ping\x00\n",
		"Prüfung", "Präfung", "測試", "試測", "", "/", "..", "-rf", strings.Repeat("a", 300), strings.Repeat("a", 299) + "b",
	} {
		name := kept.NameOf(text)
		if !plain.MatchString(name) || len(name) > 100 {
			t.Errorf("%q becomes %q", text, name)
		}
		if other, taken := seen[name]; taken && text != "/" && text != ".." {
			t.Errorf("%q and %q are both %q", text, other, name)
		}
		seen[name] = text
	}
	for text, want := range map[string]string{"TestRouter/IPv6 only": "TestRouter-IPv6-only", "net, uts#2": "net-uts-2"} {
		if got := kept.NameOf(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestEntriesOfTheSameTestHaveDifferentNames(t *testing.T) {
	f, _ := folder(t)
	holder, _ := sleeper(t)
	for range 3 {
		add(t, f, &kept.Entry{Test: "TestA/b", Holder: holder})
	}
	if got, want := names(t, f), []string{"TestA-b-2", "TestA-b-3", "TestA-b"}; !slices.Equal(got, want) {
		t.Errorf("the entries are %v, want %v", got, want)
	}
}

func TestEntriesWithoutHolderAreRemoved(t *testing.T) {
	f, path := folder(t)
	holder, cmd := sleeper(t)
	rest, _ := sleeper(t)
	program, _ := sleeper(t)
	add(t, f, &kept.Entry{Test: "killed", Holder: holder, Others: []kept.Process{rest}, Fixtures: []kept.Fixture{{Programs: []kept.Process{program}}}})
	add(t, f, &kept.Entry{Test: "recycled", Holder: kept.Process{PID: os.Getpid(), Start: 1}})
	this, err := kept.ThisProcess()
	if err != nil {
		t.Fatal(err)
	}
	rebooted := add(t, f, &kept.Entry{Test: "rebooted", Holder: this, Others: []kept.Process{this}})
	rebooted.Boot = "another"
	elsewhere := add(t, f, &kept.Entry{Test: "elsewhere", Holder: kept.Process{PID: 1}})
	elsewhere.PIDs = "pid:[1]"
	if err := errors.Join(f.Update(rebooted), f.Update(elsewhere)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"/half.1.2.new", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cmd.Process.Kill(), ignoreKilled(cmd.Wait())); err != nil {
		t.Fatal(err)
	}
	if got := names(t, f); len(got) != 0 {
		t.Errorf("there still are %v", got)
	}
	if rest.Lives() || program.Lives() {
		t.Error("what a killed holder has left goes on")
	}
	left, err := filepath.Glob(path + "/*")
	if want := []string{path + "/elsewhere.json"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("%v (%v) are left, want %v: nothing is known of another pid namespace", left, err, want)
	}
	if e := add(t, f, &kept.Entry{Test: "elsewhere", Holder: this}); e.Name != "elsewhere-2" {
		t.Errorf("the next one is %q", e.Name)
	}
}

func ignoreKilled(err error) error {
	if errors.As(err, new(*exec.ExitError)) {
		return nil
	}
	return err
}

func TestProgramsThatHaveEndedAreNotListed(t *testing.T) {
	f, _ := folder(t)
	holder, _ := sleeper(t)
	lives, _ := sleeper(t)
	ended, cmd := sleeper(t)
	add(t, f, &kept.Entry{Test: "t", Holder: holder, Fixtures: []kept.Fixture{{Programs: []kept.Process{ended, lives}}}})
	if err := errors.Join(cmd.Process.Kill(), ignoreKilled(cmd.Wait())); err != nil {
		t.Fatal(err)
	}
	list, err := f.List()
	if err != nil || len(list) != 1 || !slices.Equal(list[0].Fixtures[0].Programs, []kept.Process{lives}) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestEndKillsAndRemoves(t *testing.T) {
	f, path := folder(t)
	holder, _ := sleeper(t)
	program, _ := sleeper(t)
	e := add(t, f, &kept.Entry{Test: "t", Holder: holder, Others: []kept.Process{program}})
	if err := f.End(e); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(path + "/*"); len(left) != 0 || holder.Lives() || program.Lives() {
		t.Errorf("%v (%v) are left, or a process", left, err)
	}
}

// What others could have written decides over no process.
func TestWhatOthersCouldHaveWrittenIsNotBelieved(t *testing.T) {
	holder, _ := sleeper(t)
	for name, touch := range map[string]func(path, file string) error{
		"a folder that others may write to": func(path, file string) error { return os.Chmod(path, 0o770) },
		"a folder that others may read":     func(path, file string) error { return os.Chmod(path, 0o705) },
		"a symbolic link to a folder": func(path, file string) error {
			return errors.Join(os.Rename(path, path+".d"), os.Symlink(path+".d", path))
		},
		"a file that others may write to": func(path, file string) error { return os.Chmod(file, 0o602) },
		"a symbolic link to a file": func(path, file string) error {
			return errors.Join(os.Rename(file, file+".d"), os.Symlink(filepath.Base(file)+".d", file))
		},
		"another's file":   func(path, file string) error { return os.Chown(file, 12345, -1) },
		"another's folder": func(path, file string) error { return os.Chown(path, 12345, -1) },
	} {
		t.Run(name, func(t *testing.T) {
			f, path := folder(t)
			add(t, f, &kept.Entry{Test: "t", Holder: holder})
			if err := touch(path, path+"/t.json"); errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrInvalid) {
				t.Logf("files cannot be given away here: %v", err)
				return
			} else if err != nil {
				t.Fatal(err)
			}
			all, err := kept.All()
			for _, f := range all {
				entries, e := f.List()
				err = errors.Join(err, e, f.Close())
				if slices.ContainsFunc(entries, func(e *kept.Entry) bool { return e.Folder == path }) || f.Path() == path && len(entries) > 0 {
					t.Errorf("%s has %v", f.Path(), entries)
				}
			}
			if !errors.Is(err, kept.ErrNotOurs) {
				t.Errorf("the error is %v, want that it is not ours", err)
			}
		})
	}
}

func TestResumeReachesWhoWaits(t *testing.T) {
	f, _ := folder(t)
	this, err := kept.ThisProcess()
	if err != nil {
		t.Fatal(err)
	}
	e := add(t, f, &kept.Entry{Test: "t", Holder: this, Paused: &kept.Pause{Test: this}})
	if err := f.Resume(e); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("resume of who does not wait: %v", err)
	}
	fifo, err := f.AwaitResume(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Resume(e); err != nil {
		t.Fatal(err)
	}
	if n, err := fifo.Read(make([]byte, 10)); n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if err := fifo.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Resume(e); err == nil {
		t.Error("resume of who has gone succeeds")
	}
}

func TestFindNamesWhatIsMeant(t *testing.T) {
	entries := []*kept.Entry{
		{Name: "one", Fixtures: []kept.Fixture{{Name: "a"}}},
		{Name: "two", Fixtures: []kept.Fixture{{Name: "a"}, {Name: "b"}}},
	}
	for name, want := range map[string]string{
		"one": "one a <nil>", "one/a": "one a <nil>", "two/b": "two b <nil>",
		"two": "two: several fixtures are meant: two/a, two/b", "three": "three: " + kept.ErrNone.Error(),
	} {
		e, f, err := kept.Find(entries, name)
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(e.Name, " ", f.Name, " ", err)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
