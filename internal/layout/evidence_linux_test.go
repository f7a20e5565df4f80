// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheActionSummarizesTraces runs the script of .github/actions/evidence as a job of GitHub does.
func TestTheActionSummarizesTraces(t *testing.T) {
	folder, summary := filepath.Join(t.TempDir(), "of tests"), filepath.Join(t.TempDir(), "summary")
	run := func() string {
		cmd := exec.Command(root+"/.github/actions/evidence/summarize", folder)
		cmd.Env = append(os.Environ(), "GITHUB_STEP_SUMMARY="+summary)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(summary)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := run(); text != "" {
		t.Errorf("of a folder that is not there: %s", text)
	}
	test := filepath.Join(folder, "router", "TestA")
	if err := os.MkdirAll(test, 0o777); err != nil {
		t.Fatal(err)
	}
	const line = `{"test":{"name":"TestA","package":"router","verdict":"failed","message":"no answer","where":{"file":"a_test.go","line":7}}}` + "\n"
	if err := os.WriteFile(filepath.Join(test, "trace.jsonl"), []byte(line), 0o666); err != nil {
		t.Fatal(err)
	}
	if text := run(); !strings.Contains(text, "### ` TestA ` failed\n\n` no answer `\n\nat ` a_test.go:7 `") {
		t.Errorf("the summary is %s", text)
	}
}
