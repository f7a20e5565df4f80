// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// What a program complains of is worth a place in the log, also where only its output is
// asked for.
func ExampleSet_Command() {
	container, err := set.Unshare(set.NS_USER|set.NS_NET, set.WithRootMapped())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer container.Close()
	cmd := container.Command(context.Background(), "ip", "-json", "address")
	cmd.Log = os.Stderr
	addresses, err := cmd.Output()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", addresses)
}
