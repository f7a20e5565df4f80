// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

// relayed are the signals that reach the program.
var relayed = []syscall.Signal{
	unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM,
}

// listen is a program that prints the signals that it gets, and ends with status 3
// at SIGTERM.
func listen() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGTERM)
	for _, s := range relayed {
		signal.Notify(signals, s)
	}
	fmt.Println("ready")
	for s := range signals {
		fmt.Println(s)
		if s == unix.SIGTERM {
			os.Exit(3)
		}
	}
}

// start starts a program and returns what it prints, line by line, once it has
// printed 'ready'.
func start(t *testing.T, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	lines := bufio.NewScanner(out)
	expect(t, lines, "ready")
	return lines
}

func expect(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("the output ended (%v), want %q", lines.Err(), want)
	}
	if lines.Text() != want {
		t.Fatalf("%q, want %q", lines.Text(), want)
	}
}

func TestSignalsReachTheProgram(t *testing.T) {
	for _, init := range []string{"-init", "-init=false"} {
		t.Run(init, func(t *testing.T) {
			cmd := exec.Command("gonso", "exec", init, "--", "listener")
			lines := start(t, cmd)
			for _, s := range append(relayed, unix.SIGTERM) {
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
				expect(t, lines, s.String())
			}
			if lines.Scan() {
				t.Errorf("%q, want nothing more", lines.Text())
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
				t.Errorf("%v, want the program's exit status 3", err)
			}
		})
	}
}

// TestSignalsThatAreIgnored as nohup(1) has it stay ignored in the program.
func TestSignalsThatAreIgnored(t *testing.T) {
	out, err := exec.Command("sh", "-c", "trap '' HUP; exec gonso exec -- sh -c 'kill -HUP $$; echo alive'").CombinedOutput()
	if err != nil || string(out) != "alive\n" {
		t.Errorf("%q, %v, want the program alive", out, err)
	}
}

func TestEndsByTheSignalThatEndedTheProgram(t *testing.T) {
	for _, s := range append([]syscall.Signal{unix.SIGTERM, unix.SIGKILL, unix.SIGSEGV, unix.SIGPIPE, syscall.Signal(40)}, relayed...) {
		t.Run(s.String(), func(t *testing.T) {
			cmd := exec.Command("gonso", "exec", "-net=false", "--", "sh", "-c", fmt.Sprintf("kill -%d $$", s))
			out, err := cmd.CombinedOutput()
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != s {
				t.Errorf("%v, want signal %v", err, s)
			}
			if status.CoreDump() {
				t.Error("a core file of gonso's own")
			}
			if len(out) > 0 {
				t.Errorf("printed %q", out)
			}
		})
	}
}

// TestNothingOutlivesIt whether the program ends or gonso is killed. All processes
// inside have the pipe that the test reads from.
func TestNothingOutlivesIt(t *testing.T) {
	const script = "(trap '' HUP TERM; read forever <fifo) & echo ready; "
	for _, end := range []struct {
		name, script string
		signal       os.Signal
	}{
		{name: "the program ends", script: "exit 0"},
		{name: "gonso is killed", script: "read forever <fifo", signal: os.Kill},
	} {
		t.Run(end.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("gonso", "exec", "--", "sh", "-c", script+end.script)
			cmd.Dir = dir
			lines := start(t, cmd)
			if end.signal != nil {
				if err := cmd.Process.Signal(end.signal); err != nil {
					t.Fatal(err)
				}
			}
			for lines.Scan() { // until nobody has the other end
				t.Error(lines.Text())
			}
			if err := cmd.Wait(); (err == nil) != (end.signal == nil) {
				t.Error(err)
			}
		})
	}
}

// TestTerminalInterruptsOnce has the user press ^C, which the terminal sends to all
// processes in the foreground.
func TestTerminalInterruptsOnce(t *testing.T) {
	terminal, program := openTerminal(t)
	cmd := exec.Command("gonso", "exec", "--", "listener")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	lines := bufio.NewScanner(terminal)
	expect(t, lines, "ready")
	if _, err := io.WriteString(terminal, "\x03"); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "^C"+unix.SIGINT.String())
	// An interrupt that gonso passed on would come before this.
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, unix.SIGTERM.String())
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%v, want the program's exit status 3", err)
	}
}

// openTerminal returns both ends of a new terminal (pts(4)).
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(user.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, f := range []*os.File{user, program} {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return user, program
}

// effects has for each step a shell command that succeeds with the step, and fails
// without. The namespaces of the outside are in variables.
var effects = map[string]string{
	"user":   `[ "$(readlink /proc/self/ns/user)" != "$user" ]`,
	"subids": `awk '{ ids += $3 } END { exit ids < 2 }' /proc/self/uid_map`,
	"net":    `[ "$(readlink /proc/self/ns/net)" != "$net" ]`,
	"mnt":    `[ "$(readlink /proc/self/ns/mnt)" != "$mnt" ]`,
	"pid":    `[ "$(readlink /proc/self/ns/pid)" != "$pid" ]`,
	"uts":    `[ "$(readlink /proc/self/ns/uts)" != "$uts" ]`,
	"ipc":    `[ "$(readlink /proc/self/ns/ipc)" != "$ipc" ]`,
	"cgroup": `[ "$(readlink /proc/self/ns/cgroup)" != "$cgroup" ]`,
	"proc":   `[ "$(cat /proc/$$/comm)" = sh ]`,
	"lo":     `ip -oneline link show dev lo up | grep -q .`,
	"run":    `[ -n "$XDG_RUNTIME_DIR" ] && touch "$XDG_RUNTIME_DIR/file"`,
	"varlib": `[ "$(stat -c %d /var/lib)" != "$varlib" ]`,
	"etc":    `[ "$(stat -c %d /etc)" != "$etc" ]`,
	"sys":    `[ "$(stat -c %d /sys)" != "$sys" ]`,
	"eth0":   `ip route get 198.51.100.1 | grep -q 'via 192.0.2.1 dev eth0'`,
	"shared": `grep -q '^[^ ]* [^ ]* [^ ]* / / .* shared:' /proc/self/mountinfo`,
	"init":   `[ "$PPID" = 1 ]`,
}

func TestEachStepHasAnEffectAndCanBeLeftOut(t *testing.T) {
	env := append(os.Environ(), "XDG_RUNTIME_DIR=")
	for _, kind := range []string{"user", "net", "mnt", "pid", "uts", "ipc", "cgroup"} {
		id, err := os.Readlink("/proc/self/ns/" + kind)
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, kind+"="+id)
	}
	for name, dir := range map[string]string{"etc": "/etc", "sys": "/sys", "varlib": "/var/lib"} {
		var outside unix.Stat_t
		if err := unix.Stat(dir, &outside); err != nil {
			t.Fatal(err)
		}
		env = append(env, fmt.Sprintf("%s=%d", name, outside.Dev))
	}

	help, err := exec.Command("gonso", "help", "exec").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, match := range regexp.MustCompile(`(?m)^  -(\w+)=false `).FindAllStringSubmatch(string(help), -1) {
		name := match[1]
		found++
		t.Run(name, func(t *testing.T) {
			if r := probe.Named("subids"); name == "subids" && r.OK == probe.No {
				t.Skip(r)
			}
			effect, ok := effects[name]
			if !ok {
				t.Fatal("what is the effect of this step?")
			}
			run := func(flag string) (string, error) {
				cmd := exec.Command("gonso", "exec", "-v", flag, "--", "sh", "-c", effect)
				cmd.Env = env
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := run("-" + name); err != nil {
				t.Errorf("%s fails with the step: %v\n%s", effect, err, out)
			}
			if out, err := run("-" + name + "=false"); err == nil {
				t.Errorf("%s succeeds without the step\n%s", effect, out)
			} else if strings.Contains(out, "gonso: exec: without") {
				t.Errorf("a step that was not asked for is named:\n%s", out)
			}
		})
	}
	if found != len(effects) {
		t.Errorf("%d steps, and %d have an effect here", found, len(effects))
	}
}
