// SPDX-License-Identifier: Apache-2.0

package gons_test

import (
	"fmt"
	"log"

	"github.com/seed-1bc5c4a2/gonso/reexec/gons"
)

// A program that may be moved asks first whether it was.
func ExampleStatus() {
	if err := gons.Status(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("where I was told to be")
	// Output: where I was told to be
}
