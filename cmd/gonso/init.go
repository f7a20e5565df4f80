// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"embed"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"text/template"
)

var initVerb = verb{
	name:    "init",
	args:    "[flags] [folder]",
	short:   "write a first test with namespaces into a Go package, and a workflow that runs it",
	long:    func() string { return initLong },
	flags:   initFlags,
	failure: usageError,
}

const initLong = `The folder, the current one if none is given, is that of a package in a Go module, which
may have tests already. These files are written:

  namespaces_test.go                  a test, and TestMain if the package has none
  .github/workflows/namespaces.yml    runs the tests on GitHub, without privileges

The second is for the repository that the module is in. The module then requires gonso
(go get). No file that exists is changed but go.mod and go.sum.

`

// A starter is what is written, as the templates see it.
type starter struct {
	Package string // of the test
	Main    bool   // the test brings TestMain
	Suite   bool   // and the function that runs Ginkgo's specs

	Action  string // the version of gonso's action
	Workdir string // the module, from the root of the repository; "" if it is there
}

func initFlags(flags *flag.FlagSet) action {
	ginkgo := flags.Bool("ginkgo", false, "write specs of Ginkgo instead of a plain test")
	network := flags.Bool("network", false, "test in a network of three nodes instead of one namespace")
	workflow := flags.Bool("workflow", true, "write no workflow")
	return func(args []string) int {
		name := "plain"
		if *ginkgo {
			name = "ginkgo"
		}
		if *network {
			name += "_network"
		}
		var err error
		switch len(args) {
		case 0:
			err = start(".", name, *workflow)
		case 1:
			err = start(args[0], name, *workflow)
		default:
			printError("init: %q is more than one folder; try: gonso help init", args)
			return usageError
		}
		if err != nil {
			printError("init: %v", err)
			return 1
		}
		return 0
	}
}

// start writes the test with that template into a folder, and the workflow.
func start(dir, template string, workflow bool) error {
	m, err := findModule(dir)
	if err != nil {
		return err
	}
	s, err := m.starter()
	if err != nil {
		return err
	}
	test := filepath.Join(dir, "namespaces_test.go")
	if err := s.create(test, template+".go.tmpl"); err != nil {
		return err
	}
	if err := m.require(); err != nil {
		return errors.Join(err, os.Remove(test)) // it would not compile
	}
	fmt.Println("wrote", test)
	if workflow {
		switch err := s.create(m.workflow(), "workflow.yml.tmpl"); {
		case err == nil:
			fmt.Println("wrote", m.workflow())
		case errors.Is(err, os.ErrExist):
			fmt.Println("left", m.workflow(), "as it is")
		default:
			return err
		}
	}
	fmt.Println("next: go test -v", argument(dir))
	return nil
}

//go:embed starter
var templates embed.FS

// create makes a file, and the folders that it is to be in.
func (s *starter) create(path, name string) error {
	t, err := template.ParseFS(templates, "starter/"+name)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, s); err != nil {
		return err
	}
	data := text.Bytes()
	if filepath.Ext(path) == ".go" {
		if data, err = format.Source(data); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
