// SPDX-License-Identifier: Apache-2.0

package pcapng

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	. "github.com/onsi/gomega"
)

func create(t *testing.T) (*File, *Interface) {
	t.Helper()
	f, notes, err := Create(filepath.Join(t.TempDir(), "capture.pcapng"), "of a test")
	if err != nil {
		t.Fatal(err)
	}
	return f, notes
}

// read describes the packets of a file, and the secrets before each.
func read(t *testing.T, path string) (list []string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewNgReader(file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, info, _, err := r.ReadPacketDataWithOptions()
		if errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		port, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %d %x of %d", port.Name, info.Timestamp.Unix(), data, info.Length))
	}
}

func at(seconds int64) time.Time { return time.Unix(seconds, 0) }

func TestPacketsAreInTheOrderOfTheirTimes(t *testing.T) {
	g := NewWithT(t)
	f, notes := create(t)
	a := f.AddInterface("a/eth0", "")
	f.AddPacket(a, &Packet{At: at(3), Data: []byte{3}, Length: 3})
	f.AddNote(notes, at(2), "n", "")
	b := f.AddInterface("b/tun0", "")
	f.AddPacket(b, &Packet{At: at(1), IP: true, Data: []byte{0x45, 1}, Length: 2})
	f.AddPacket(b, &Packet{At: at(3), IP: true, Data: []byte{0x60}, Length: 7})
	f.AddSecrets([]byte("CLIENT_RANDOM 00 00\n"))
	f.AddStats(a, time.Now(), nil)
	f.Write()
	want := []string{"b/tun0 1 0000000000000000000000000800" + "4501 of 16", "test 2 00000000000000000000000088b56e of 15", "a/eth0 3 03 of 3",
		"b/tun0 3 00000000000000000000000086dd60 of 21"}
	g.Expect(read(t, f.Path())).To(Equal([]string{want[2], want[1], want[0], want[3]}), "as it goes")
	g.Expect(f.Close()).To(Succeed())
	g.Expect(read(t, f.Path())).To(Equal(want))
	data, err := os.ReadFile(f.Path())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(data[f.header:f.header+4]).To(Equal([]byte{secretsBlock, 0, 0, 0}), "tshark reads a file once")
	g.Expect(strings.Count(string(data), "CLIENT_RANDOM")).To(Equal(1))
	g.Expect(f.Complaint()).To(BeEmpty())
	g.Expect(filepath.Glob(f.Path() + "*")).To(HaveLen(1))
}

func TestAFileHasABound(t *testing.T) {
	g := NewWithT(t)
	f, _ := create(t)
	f.most = 1 << 20
	a := f.AddInterface("a/eth0", "")
	for i := range 2000 {
		f.AddPacket(a, &Packet{At: at(int64(i)), Data: make([]byte, 1000), Length: 1000})
	}
	g.Expect(f.Close()).To(Succeed())
	n := len(read(t, f.Path()))
	g.Expect(n).To(And(BeNumerically(">", 900), BeNumerically("<", 1048)))
	g.Expect(f.Complaint()).To(Equal(fmt.Sprintf("it has what fits into 1 MB: %d packets are left out", 2000-n)))
	f.AddPacket(a, &Packet{Data: []byte{1}, Length: 1})
	f.AddNote(a, at(1), "too late", "")
	g.Expect(f.Close()).To(Succeed(), "once more")
}

func TestAFileThatIsThereIsNotWrittenOver(t *testing.T) {
	g := NewWithT(t)
	f, _ := create(t)
	_, _, err := Create(f.Path(), "")
	g.Expect(err).To(MatchError(os.ErrExist))
	g.Expect(f.Discard()).To(Succeed())
	g.Expect(f.Path()).NotTo(BeAnExistingFile())
}
