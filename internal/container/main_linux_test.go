// SPDX-License-Identifier: Apache-2.0

package container_test

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestMain(m *testing.M) {
	if err := imitate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	nstest.Main(m)
}

func TestSpecs(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "in a container")
}
