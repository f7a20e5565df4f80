// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Answer is an ordinary function that happens to run in a process of its own.
var Answer = reexec.Func("answer", func(_ context.Context, question string) (int, error) {
	if question == "" {
		return 0, errors.New("there was no question")
	}
	return 42, nil
})

// List tells what is in a folder.
var List = reexec.Func("list", func(_ context.Context, dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
})

func ExampleFunc() {
	n, err := Answer.Run(context.Background(), "why")
	fmt.Println(n, err)
	_, err = Answer.Run(context.Background(), "")
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// gonso: reexec answer: there was no question
}

// The cause of an error is the same on both sides.
func ExampleActionError() {
	_, err := List.Run(context.Background(), "/no/such/folder")
	fmt.Println(err)
	fmt.Println(errors.Is(err, os.ErrNotExist))
	// Output:
	// gonso: reexec list: open /no/such/folder: no such file or directory
	// true
}

// The processes of a container, from its own /proc.
func ExampleIn() {
	const pid = 4711 // of the container
	container, err := set.FromPid(pid, set.NS_MNT|set.NS_PID)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer container.Close()
	fmt.Println(List.Run(context.Background(), "/proc", reexec.In(container)))
}

// An ordinary user is root in a user namespace, and so may make a pid namespace.
func ExampleUnshare() {
	fmt.Println(Answer.Run(context.Background(), "why",
		reexec.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped())))
}

func ExampleStdout() {
	out, err := os.CreateTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.Remove(out.Name()) }()

	// What the action prints has nothing to do with what it returns.
	n, err := shout.Run(context.Background(), 3, reexec.Stdout(out), reexec.Stderr(nil))
	fmt.Println(n, err)
	printed, err := os.ReadFile(out.Name())
	fmt.Println(string(printed), err)
	// Output:
	// 6 <nil>
	// ooo <nil>
}
