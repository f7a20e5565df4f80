// SPDX-License-Identifier: Apache-2.0

// Package tracepage makes a page to look at out of the data of a trace: one HTML file, which opens in any browser, from
// anywhere, and loads nothing.
//
// What a test and its programs print may be hostile. The data is one block of JSON, in which there is no "<"; the script
// makes text of it and never markup; and the page's content security policy allows no script and no style but its own,
// whose hashes it names.
//
// The script is js/*.js in one function, in the order of their names, so that there is nothing to build. The same holds for css/*.css.
package tracepage

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

//go:embed page.html css/*.css js/*.js
var files embed.FS

// Write writes the page of a trace.
func Write(w io.Writer, t *tracedata.Trace) error {
	if t == nil {
		return errors.New("tracepage: no trace to make a page of")
	}
	page, err := files.ReadFile("page.html")
	if err != nil {
		return fmt.Errorf("tracepage: %w", err)
	}
	style, err := concatenated("css/*.css")
	if err != nil {
		return err
	}
	script, err := concatenated("js/*.js")
	if err != nil {
		return err
	}
	script = "(() => {\n'use strict';\n" + script + "})();\n"
	title := fmt.Sprintf("%s %s", t.Test.Name, t.Test.Verdict)
	before, after, _ := strings.Cut(string(page), "{{trace}}")
	fill := strings.NewReplacer("{{policy}}", policy(style, script), "{{title}}", html.EscapeString(title), "{{style}}", style, "{{script}}", script)

	out := bufio.NewWriter(w)
	out.WriteString(fill.Replace(before))                  // the writer keeps the first error
	if err := json.NewEncoder(out).Encode(t); err != nil { // which has no "<", ">" or "&" in it
		return fmt.Errorf("tracepage: writing the data of %s: %w", t.Test.Name, err)
	}
	out.WriteString(fill.Replace(after))
	if err := out.Flush(); err != nil {
		return fmt.Errorf("tracepage: writing the page of %s: %w", t.Test.Name, err)
	}
	return nil
}

// concatenated returns files in the order of their names.
func concatenated(pattern string) (string, error) {
	names, err := fs.Glob(files, pattern) // sorted
	if err != nil {
		return "", fmt.Errorf("tracepage: %w", err)
	}
	var all strings.Builder
	for _, name := range names {
		part, err := files.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("tracepage: %w", err)
		}
		all.Write(part)
	}
	return all.String(), nil
}

// policy forbids whatever is not this style and this script.
func policy(style, script string) string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) +
		"; img-src data:; base-uri 'none'; form-action 'none'"
}
