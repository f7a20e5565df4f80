// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rootless"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/shard"
)

// go test gives the result of an earlier run once more, "(cached)", while the environment variables have the values that they
// had when the tests read them (go help test). Package testing writes down which these are, in a file for go test, and does so
// while M.Run runs. A shard would have the result of another one, whose tests are not its own, since Main reads those variables
// before.

// variables returns those by which a run goes.
func variables() []string {
	return slices.Concat(evidence.Variables, shard.Variables,
		[]string{evidence.Variable, rootless.Variable, strictVariable, keep.KeepVariable, keep.PauseVariable, impair.SeedVariable, impair.LoseVariable})
}

// noteVariables has package testing write down the variables. It is called by a test, whose TestMain may not call [Main].
var noteVariables = sync.OnceFunc(func() {
	for _, variable := range variables() {
		_, _ = os.LookupEnv(variable)
	}
})

// addToTestLog writes the variables into the file of package testing, which is done with it: no test need have called
// noteVariables. Its lines are those of testing/internal/testdeps, and a line of another kind has go test keep no result
// (computeTestInputsID in cmd/go/internal/test).
func addToTestLog() (err error) {
	f := flag.Lookup("test.testlogfile")
	if f == nil || f.Value.String() == "" {
		return nil
	}
	log, err := os.OpenFile(f.Value.String(), os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // M.Run was not called
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	var lines strings.Builder
	for _, variable := range variables() {
		lines.WriteString("getenv " + variable + "\n")
	}
	if !repeatable() {
		lines.WriteString("nothing is kept\n")
	}
	_, err = log.WriteString(lines.String())
	return err
}

// repeatable reports whether the result of this run can stand for another one: not if it is wanted for what it leaves, or goes by a file,
// which may have changed.
func repeatable() bool {
	all := func(variable string) bool { return slices.Contains(strings.Split(os.Getenv(variable), ","), "all") }
	return os.Getenv(shard.TimesVariable) == "" && !all(keep.KeepVariable) && !slices.ContainsFunc(evidence.Variables, all)
}
