// SPDX-License-Identifier: Apache-2.0

// Command picture takes a picture of a page of package tracepage, as Debian's chromium shows it:
//
//	go run ./picture -trace failover -o trace.png
//
// The trace is one of package tracetest, or a file of JSON. The picture has 256 colours, so that it is small.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage/tracetest"
)

var (
	name   = flag.String("trace", "failover", "a prepared trace, or a `file` of JSON")
	out    = flag.String("o", "trace.png", "the `file` of the picture")
	width  = flag.Int64("width", 1440, "in pixels")
	height = flag.Int64("height", 900, "in pixels")
	scheme = flag.String("scheme", "light", "or dark")
	media  = flag.String("media", "screen", "or print")
	script = flag.String("do", "0", "JavaScript to run first, whose result is printed")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run() error {
	trace, err := read(*name)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "picture-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	page := filepath.Join(dir, "trace.html")
	f, err := os.Create(page)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := tracepage.Write(f, trace); err != nil {
		return err
	}
	shown, err := show(page)
	if err != nil {
		return fmt.Errorf("showing the page in chromium: %w", err)
	}
	small, err := shrink(shown)
	if err != nil {
		return fmt.Errorf("the picture of chromium: %w", err)
	}
	return os.WriteFile(*out, small, 0o644)
}

func read(name string) (*tracedata.Trace, error) {
	prepared, err := tracetest.Read()
	if err != nil {
		return nil, err
	}
	if trace := prepared[name]; trace != nil {
		return trace, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("no prepared trace, and no file: %w", err)
	}
	trace := new(tracedata.Trace)
	if err := json.Unmarshal(data, trace); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return trace, nil
}

// show returns what chromium shows, as PNG.
func show(page string) ([]byte, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which chromium wants of root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(*width, *height)); err != nil {
		return nil, err
	}
	params := emulation.SetEmulatedMediaParams{Media: *media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: *scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, params); err != nil {
		return nil, err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+page)); err != nil {
		return nil, err
	}
	result, err := chromedp.Run(ctx, chromedp.Evaluate[any](*script))
	if err != nil {
		return nil, err
	}
	if *script != "0" {
		fmt.Println(result)
	}
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}

func shrink(picture []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&small, reduce(full)); err != nil {
		return nil, err
	}
	return small.Bytes(), nil
}
