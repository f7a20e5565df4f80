// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"fmt"
	"os"
	"strings"
)

// The environment variables by which a user asks for it.
const (
	KeepVariable  = "NSTEST_KEEP"
	PauseVariable = "NSTEST_PAUSE"
)

// A config is what they say.
type config struct {
	failed bool // fixtures of tests that fail are kept
	all    bool // and of those that pass
	pauses bool // tests that fail wait

	processes bool // programs live on in what is kept
}

func (c config) keeps() bool { return c.failed || c.all }

// readConfig reads the variables, whose words are separated by commas.
func readConfig() (c config, err error) {
	for word := range words(KeepVariable) {
		switch word {
		case "failed":
			c.failed = true
		case "all":
			c.all = true
		case "processes":
			c.processes = true
		default:
			return config{}, fmt.Errorf("%s=%q: %q is none of failed, all and processes", KeepVariable, os.Getenv(KeepVariable), word)
		}
	}
	if c.processes && !c.keeps() {
		return config{}, fmt.Errorf("%s=%q says that programs are kept, but not of which tests: try %[1]s=failed,processes", KeepVariable, os.Getenv(KeepVariable))
	}
	for word := range words(PauseVariable) {
		if word != "failed" {
			return config{}, fmt.Errorf("%s=%q: %q is not failed, the only thing that a test can wait for", PauseVariable, os.Getenv(PauseVariable), word)
		}
		c.pauses = true
	}
	return c, nil
}

// words returns those of a variable, none if it is empty.
func words(variable string) func(func(string) bool) {
	value := os.Getenv(variable)
	if value == "" {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(value, ",")
}
