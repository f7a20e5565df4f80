// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
)

// A named is a test of another name.
type named struct {
	testing.TB
	name string
	log  []string
}

func (n *named) Name() string { return n.name }

func (n *named) Logf(format string, args ...any) { n.log = append(n.log, format) }

func TestEachTestHasOneFolderOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	top := filepath.Join(t.TempDir(), "not", "there")
	t.Setenv(evidence.Variable, top)
	dir, err := evidence.Folder(t)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(dir).To(BeADirectory())
	g.Expect(dir).To(Equal(filepath.Join(top, evidence.FileName("nstest/internal/evidence"), t.Name())))
	g.Expect(evidence.Folder(t)).To(Equal(dir), "once")

	again, err := evidence.Folder(&named{TB: t, name: t.Name()})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(dir+"#2"), "-count=2")

	for _, name := range []string{strings.Repeat("long/", 100), "..", "../..", "a b", "a\nb", "ünicode", ""} {
		dir, err := evidence.Folder(&named{TB: t, name: name})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(filepath.Dir(dir)).To(Equal(filepath.Dir(again)), name)
	}
}

func TestTheFolderIsAnotherOnceTheTestHasEnded(t *testing.T) {
	g := NewWithT(t)
	t.Setenv(evidence.Variable, t.TempDir())
	seen := map[string]bool{}
	for range 3 {
		var ends []func()
		tb := &ending{named{TB: t, name: "same"}, &ends}
		dir, err := evidence.Folder(tb)
		g.Expect(err).NotTo(HaveOccurred())
		seen[dir] = true
		ends[0]()
		dir, err = evidence.Folder(tb)
		g.Expect(err).NotTo(HaveOccurred())
		seen[dir] = true
	}
	g.Expect(seen).To(HaveLen(6))
}

type ending struct {
	named
	ends *[]func()
}

func (e *ending) Cleanup(f func()) { *e.ends = append(*e.ends, f) }

func TestFileNamesAreBoundedAndUnique(t *testing.T) {
	g := NewWithT(t)
	seen := map[string]string{}
	for _, text := range []string{"", ".", "..", "TestA", "TestA/b", "TestA_b", "TestA b", strings.Repeat("x", 100), strings.Repeat("x", 101), strings.Repeat("x", 102)} {
		name := evidence.FileName(text)
		g.Expect(seen).NotTo(HaveKey(name), text)
		seen[name] = text
		g.Expect(len(name)).To(BeNumerically("<=", 100))
		g.Expect(name).To(MatchRegexp(`^[a-zA-Z0-9_+=,@-][a-zA-Z0-9._+=,@-]*$`))
	}
	g.Expect(seen).To(HaveKey("TestA"))
}

func TestWhatAnotherUserMayHavePutThereIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("as an ordinary user, who can give no folder away: a file and a link")
	}
	g := NewWithT(t)
	top := t.TempDir()
	t.Setenv(evidence.Variable, top)
	dir := filepath.Join(top, evidence.FileName("nstest/internal/evidence"))
	g.Expect(os.Symlink(t.TempDir(), dir)).To(Succeed())
	_, err := evidence.Folder(t)
	g.Expect(err).To(MatchError(ContainSubstring("the folder for what is kept of " + t.Name() + ": in " + top + " of NSTEST_ARTIFACTS: open " + dir + ": not a directory")))
	g.Expect(os.Remove(dir)).To(Succeed())
	g.Expect(os.Mkdir(dir, 0o777)).To(Succeed())
	if err := os.Chown(dir, 65534, 65534); err == nil {
		_, err = evidence.Folder(t)
		g.Expect(err).To(MatchError(ContainSubstring(dir + " belongs to user 65534, and this process is of user 0: remove it, or set NSTEST_ARTIFACTS to another folder")))
	}
}

func TestFoldersWithNothingInThemCanBeDiscarded(t *testing.T) {
	g := NewWithT(t)
	top := t.TempDir()
	t.Setenv(evidence.Variable, top)
	first, err := evidence.Folder(&named{TB: t, name: "first"})
	g.Expect(err).NotTo(HaveOccurred())
	second, err := evidence.Folder(&named{TB: t, name: "second"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.WriteFile(filepath.Join(second, "kept"), nil, 0o600)).To(Succeed())
	g.Expect(evidence.Discard(first)).To(Succeed())
	g.Expect(first).NotTo(BeADirectory())
	g.Expect(evidence.Discard(second)).To(Succeed())
	g.Expect(second).To(BeADirectory())
	g.Expect(os.Remove(filepath.Join(second, "kept"))).To(Succeed())
	g.Expect(evidence.Discard(second)).To(Succeed())
	g.Expect(os.ReadDir(top)).To(BeEmpty())
	g.Expect(evidence.Discard(second)).To(Succeed(), "again")
	g.Expect(evidence.Discard(top)).To(Succeed(), "that is not ours")
	g.Expect(top).To(BeADirectory())
}

func TestWithoutAnyVariableFoldersAreTemporaryFilesThatStay(t *testing.T) {
	g := NewWithT(t)
	t.Setenv(evidence.Variable, "")
	t.Setenv("TEST_UNDECLARED_OUTPUTS_DIR", "")
	t.Setenv("TMPDIR", t.TempDir())
	dir, err := evidence.Folder(t)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(dir).To(MatchRegexp("^" + os.Getenv("TMPDIR") + "/nstest-evidence-[0-9]+/" + t.Name() + "$"))
	info, err := os.Stat(filepath.Dir(dir))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o700)))
	g.Expect(evidence.Discard(dir)).To(Succeed())
	g.Expect(os.ReadDir(os.Getenv("TMPDIR"))).To(BeEmpty())

	t.Setenv("TEST_UNDECLARED_OUTPUTS_DIR", t.TempDir())
	dir, err = evidence.Folder(&named{TB: t, name: "another"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(dir).To(HavePrefix(os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR") + "/"))
}

// TestWithArtifactsTheFolderIsThatOfTheTest runs itself with that flag.
func TestWithArtifactsTheFolderIsThatOfTheTest(t *testing.T) {
	const helper = "NSTEST_EVIDENCE_HELPER"
	if os.Getenv(helper) != "" {
		dir, err := evidence.Folder(t)
		if err != nil {
			t.Fatal(err)
		}
		evidence.Say(t, "trace", filepath.Join(dir, "trace.html"))
		if dir != t.ArtifactDir() {
			t.Errorf("%s is not %s", dir, t.ArtifactDir())
		}
		return
	}
	g := NewWithT(t)
	out := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.artifacts", "-test.outputdir="+out)
	cmd.Env = append(os.Environ(), helper+"=1", "GOCOVERDIR="+t.TempDir())
	text, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", text)
	g.Expect(string(text)).To(MatchRegexp(`=== ARTIFACTS %s %s/`, t.Name(), out))
	g.Expect(string(text)).To(MatchRegexp(`evidence_test.go:\d+: nstest: trace: %s/.*/trace.html`, out))
	g.Expect(string(text)).To(MatchRegexp(`=== ATTR  %s nstest.trace %s/`, t.Name(), out))
}
