// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// KeyLog is for the KeyLogWriter of a [crypto/tls.Config], so that whoever reads the capture of the test reads what TLS
// has encrypted:
//
//	config := &tls.Config{KeyLogWriter: trace.KeyLog(t)}
//
// It is nil, which tls.Config takes for none, unless NSTEST_PCAP asks for captures.
func KeyLog(tb testing.TB) io.Writer {
	tb.Helper()
	if pcaps.mode == evidence.Never {
		return nil
	}
	p := beginPcap(tb)
	if p == nil {
		return nil
	}
	if lifecycle.IsGinkgo(tb) {
		tb.Cleanup(p.end) // there may be no fixture that ends it
	}
	return keyWriter{p}
}

// A keyWriter is shown a line for each secret.
type keyWriter struct{ pcap *pcap }

func (w keyWriter) Write(line []byte) (int, error) {
	w.pcap.file.AddSecrets(line)
	return len(line), nil
}

// A keyFile is what SSLKEYLOGFILE of a test's daemons names.
type keyFile struct {
	path string
	read int // how much of it is in the capture
}

// keyPath returns the path of the file in which daemons of the test are to write their secrets.
func keyPath(tb testing.TB) string {
	found := ofTest(tb)
	if len(found) == 0 {
		return ""
	}
	p := found[0]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys == nil {
		p.keys = &keyFile{path: filepath.Join(p.dir, "keys.log")}
	}
	return p.keys.path
}

// readKeys adds the secrets that daemons have written.
func (p *pcap) readKeys() {
	p.mu.Lock()
	keys := p.keys
	p.mu.Unlock()
	if keys == nil {
		return
	}
	data, err := os.ReadFile(keys.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no daemon has written any
		p.note("secrets of daemons", err)
	}
	if len(data) > keys.read {
		p.file.AddSecrets(data[keys.read:])
		keys.read = len(data)
	}
}

// remove removes the file, whose secrets are in the capture.
func (k *keyFile) remove() error {
	if k == nil {
		return nil
	}
	if err := os.Remove(k.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
