// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestWhatComesTooFastIsCounted(t *testing.T) {
	g := NewWithT(t)
	r := runSuite(t, "failed", "TestFlood")
	g.Expect(r.code).To(Equal(1))
	file := r.capture()
	count := strings.Count(output(t, "tcpdump", "-nr", file, "udp dst port 9"), "\n")
	g.Expect(count).To(BeNumerically(">", 1000))
	said := regexp.MustCompile(`(\d+) packets of flooded are not in it: they came too fast, and the kernel dropped them`).FindStringSubmatch(r.out)
	if said == nil {
		g.Expect(count).To(Equal(100_000))
		return
	}
	g.Expect(strconv.ParseUint(said[1], 10, 64)).To(Equal(droppedIn(t, file)["flooded"]))
}

// droppedIn returns how many packets were dropped by interfaces, as the file has it.
func droppedIn(t *testing.T, path string) map[string]uint64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewNgReader(file, pcapgo.DefaultNgReaderOptions)
	for err == nil {
		_, _, err = r.ZeroCopyReadPacketData()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	dropped := make(map[string]uint64)
	for i := range r.NInterfaces() {
		port, err := r.Interface(i)
		if err != nil {
			t.Fatal(err)
		}
		dropped[port.Name] = port.Statistics.PacketsDropped
	}
	return dropped
}

func TestADiskThatIsFullIsSaid(t *testing.T) {
	g := NewWithT(t)
	f := nstest.New(t, gonso.NS_MNT)
	cmd, dir := command(t, "failed", "TestFlood")
	script := `mount -t tmpfs -o size=256k none "$0" && "$@"; code=$?; tcpdump -nr "$0"/*/TestFlood/capture.pcapng 2>/dev/null | tail -1; exit $code`
	inside := f.Command("sh", append([]string{"-c", script, dir}, cmd.Args...)...)
	inside.Env, inside.Dir = cmd.Env, cmd.Dir
	out, err := inside.CombinedOutput()
	g.Expect(err).To(MatchError("exit status 1"), string(out))
	g.Expect(string(out)).To(MatchRegexp(`the capture of this test: it has what there was until this error: write .*no space left on device \(\d+ packets are left out\)`))
	g.Expect(string(out)).To(MatchRegexp(`(?m)^\d\d:\d\d:\d\d\.\d+ IP 192\.0\.2\.1`), "it can be read")
	g.Expect(string(out)).NotTo(ContainSubstring("panic"))
}

func TestAFolderThatCannotBeMadeIsSaidOnce(t *testing.T) {
	g := NewWithT(t)
	cmd, _ := command(t, "failed", "TestPasses", "-test.v")
	cmd.Env = append(cmd.Env, "NSTEST_ARTIFACTS=/proc/none")
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(out))
	g.Expect(strings.Count(string(out), "there is no capture of this test: ")).To(Equal(1), string(out))
}

func TestTheCaptureOfAProcessThatIsKilledIsReadable(t *testing.T) {
	g := NewWithT(t)
	cmd, dir := command(t, "failed", "TestIsKilled")
	out, err := cmd.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Start()).To(Succeed())
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "kill me" {
	}
	g.Expect(lines.Text()).To(Equal("kill me"))
	g.Expect(cmd.Process.Kill()).To(Succeed())
	g.Expect(cmd.Wait()).To(MatchError("signal: killed"))
	r := &run{t: t, dir: dir}
	paths := r.captures()
	g.Expect(paths).To(HaveLen(1))
	g.Expect(output(t, "tcpdump", "-nr", paths[0], "udp")).To(MatchRegexp(`192\.0\.2\.1\.\d+ > 192\.0\.2\.2\.\d+: UDP, length 14`))
	g.Expect(fields(t, paths[0], "frame.comment", "frame.comment")).To(Equal("mark: the end is near\n"))
}

func TestCapturesOfParallelTestsAndRuns(t *testing.T) {
	g := NewWithT(t)
	first, dir := command(t, "failed", "TestMany", "-test.parallel=64")
	var runs sync.WaitGroup
	for range 2 {
		cmd := exec.Command(first.Path, first.Args[1:]...)
		cmd.Env, cmd.Dir = first.Env, first.Dir
		runs.Go(func() {
			if out, err := cmd.CombinedOutput(); err == nil || err.Error() != "exit status 1" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	runs.Wait()
	seen := make(map[string]int)
	for _, path := range (&run{t: t, dir: dir}).captures() {
		if strings.HasSuffix(path, "/TestMany/capture.pcapng") || strings.Contains(path, "/TestMany#") {
			continue // of the test around them, which has no fixture
		}
		text := output(t, "tcpdump", "-nAr", path, "udp")
		seen[regexp.MustCompile(`number (\d+)`).FindString(text)]++
	}
	for i := 0; i < 64; i += 2 {
		g.Expect(seen).To(HaveKeyWithValue(fmt.Sprintf("number %d", i), 2))
	}
	g.Expect(seen).To(HaveLen(32))
}

func TestASpecHasACaptureOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	cmd, dir := command(t, "failed", "TestSpecs", "-ginkgo.no-color")
	cmd.Env = append(cmd.Env, "SUITE_GINKGO=1")
	out, err := cmd.CombinedOutput()
	g.Expect(err).To(MatchError("exit status 1"), string(out))
	var texts []string
	for _, path := range (&run{t: t, dir: dir}).captures() {
		g.Expect(string(out)).To(ContainSubstring(path))
		for _, line := range strings.Split(strings.TrimSpace(fields(t, path, "udp", "frame.interface_name", "data.data")), "\n") {
			name, data, _ := strings.Cut(line, " ")
			var text []byte
			_, err := fmt.Sscanf(data, "%x", &text)
			g.Expect(err).NotTo(HaveOccurred())
			texts = append(texts, name+" "+string(text))
		}
	}
	// What specs share has a capture of its own, and is in that of each spec that has one.
	g.Expect(texts).To(ConsistOf("each/lo of spec 3", "each/lo of spec 7", "shared/lo first", "shared/lo second", "shared/lo second"))
}
