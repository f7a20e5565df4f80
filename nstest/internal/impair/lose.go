// SPDX-License-Identifier: Apache-2.0

package impair

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// LoseVariable is the environment variable that has one run of a test repeated, in which one frame has a fault.
const LoseVariable = "NSTEST_LOSE"

// Lost returns the test and the number of the frame that the environment asks for, or 0.
func Lost() (test string, frame int, err error) {
	value := os.Getenv(LoseVariable)
	if value == "" {
		return "", 0, nil
	}
	at := strings.LastIndex(value, ":") // the name of a subtest may have one
	if at > 0 {
		test = value[:at]
		frame, err = strconv.Atoi(value[at+1:])
	}
	if test == "" || err != nil || frame < 1 {
		return "", 0, fmt.Errorf("%s is %q: it must be the name of a test, a colon and the number of a frame, from 1", LoseVariable, value)
	}
	return test, frame, nil
}
