// SPDX-License-Identifier: Apache-2.0

package tracefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Open returns the trace of a page, of the folder of a test, or of its [Name].
func Open(path string) (*tracedata.Trace, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		t, err := Read(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return t, err
		}
		if t, err = readPage(filepath.Join(path, Page)); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s: there is neither %s nor %s in it: %w", path, Page, Name, fs.ErrNotExist)
		}
		return t, err
	case filepath.Base(path) == Name:
		return Read(filepath.Dir(path))
	}
	return readPage(path)
}

// readPage takes the data out of a page.
func readPage(path string) (*tracedata.Trace, error) {
	page, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, after, found := bytes.Cut(page, []byte(`<script type="application/json" id="trace">`))
	data, _, ends := bytes.Cut(after, []byte("</script>"))
	if !found || !ends {
		return nil, fmt.Errorf("%s: this is no page of a trace, or a part of one", path)
	}
	t := new(tracedata.Trace)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("%s: the data of the page: %w", path, err)
	}
	if t.Version > tracedata.Version {
		return nil, fmt.Errorf("%s: its data is of version %d, and this gonso knows %d", path, t.Version, tracedata.Version)
	}
	return t, nil
}
