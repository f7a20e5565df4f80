// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
)

// TestEnterInATerminal has a user work in the shell: with job control, ^C, and a prompt that start-up files have set.
func TestEnterInATerminal(t *testing.T) {
	g := NewWithT(t)
	home := t.TempDir()
	g.Expect(os.WriteFile(home+"/.bashrc", []byte("PS1='prompt> '\n"), 0o600)).To(Succeed())
	terminal, program := openTerminal(t)
	cmd := exec.Command("gonso", "exec", "--", "sh", "-euc",
		"cd; mkfifo ready; keeper TestA uts=client >ready & read word <ready; gonso enter TestA")
	cmd.Env = append(os.Environ(), "SHELL=/bin/bash", "HOME="+home, "TERM=dumb")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	g.Expect(cmd.Start()).To(Succeed())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	shown := bufio.NewReader(terminal)
	for _, step := range []struct{ prompt, typed string }{
		{"(TestA) prompt> ", "hostname; echo =$((40+2))=\n"},
		{"client\r\n=42=\r\n(TestA) prompt> ", "sh -c 'echo =ready=; exec sleep 1000'\n"},
		{"=ready=\r\n", "\x03"},
		{"(TestA) prompt> ", "exit 7\n"},
	} {
		awaitText(g, shown, step.prompt)
		_, err := io.WriteString(terminal, step.typed)
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(cmd.Wait()).To(MatchError("exit status 7"))
}

// awaitText reads until the end of what was read is the text.
func awaitText(g Gomega, from io.ByteReader, text string) {
	var read []byte
	for len(read) < len(text) || string(read[len(read)-len(text):]) != text {
		b, err := from.ReadByte()
		g.Expect(err).NotTo(HaveOccurred(), "want %q after %q", text, read)
		read = append(read, b)
	}
}
