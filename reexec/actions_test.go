// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

var double = reexec.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

var comm = reexec.Func("comm", func(context.Context, struct{}) (string, error) {
	name, err := os.ReadFile("/proc/self/comm")
	return strings.TrimSpace(string(name)), err
})

var length = reexec.Func("length", func(_ context.Context, b []byte) (int, error) { return len(b), nil })

var zeros = reexec.Func("zeros", func(_ context.Context, n int) ([]byte, error) { return make([]byte, n), nil })

var echo = reexec.Func("echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })

// shout writes more to both outputs than any pipe holds, and returns a result too.
var shout = reexec.Func("shout", func(_ context.Context, n int) (int, error) {
	out, err := os.Stdout.WriteString(strings.Repeat("o", n))
	if err != nil {
		return 0, err
	}
	errs, err := os.Stderr.WriteString(strings.Repeat("e", n))
	return out + errs, err
})

var slurp = reexec.Func("slurp", func(context.Context, struct{}) (string, error) {
	all, err := io.ReadAll(os.Stdin)
	return string(all), err
})

type surroundings struct {
	Dir, Variable string
	Args          []string
	Env           []string
}

var look = reexec.Func("look", func(_ context.Context, variable string) (surroundings, error) {
	dir, err := os.Getwd()
	return surroundings{Dir: dir, Variable: os.Getenv(variable), Args: os.Args, Env: os.Environ()}, err
})

var errOurs = errors.New("ours")

// fail returns the failure that its parameter names.
var fail = reexec.Func("fail", func(_ context.Context, how string) (int, error) {
	switch how {
	case "plainly":
		return 5, errOurs
	case "with an errno":
		return 5, fmt.Errorf("mount /x: %w", os.NewSyscallError("mount", syscall.EPERM))
	case "with a path error":
		_, err := os.Open("/does/not/exist")
		return 5, err
	case "joined":
		return 5, errors.Join(errOurs, syscall.ENOSPC, fmt.Errorf("more: %w", syscall.EMFILE), io.ErrUnexpectedEOF)
	case "with an empty text":
		return 5, errors.New("")
	case "unsupported":
		return 5, fmt.Errorf("no: %w", errors.ErrUnsupported)
	case "closed":
		return 5, fs.ErrClosed
	}
	return 0, fmt.Errorf("unknown failure %q", how)
})

var unencodable = reexec.Func("unencodable", func(context.Context, int) (any, error) {
	return make(chan int), nil
})

// end ends the process, or at least the goroutine, instead of returning.
var end = reexec.Func("end", func(_ context.Context, how string) (int, error) {
	switch how {
	case "panic":
		var none map[string]int
		//lint:ignore SA5000 it panics on purpose
		none["boom"]++
	case "panic with an error":
		panic(fmt.Errorf("no space: %w", syscall.ENOSPC))
	case "panic elsewhere":
		go explode()
		select {}
	case "goexit":
		runtime.Goexit()
	case "exit 0":
		os.Exit(0)
	case "exit 3":
		os.Exit(3)
	case "kill":
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return 0, err
		}
		select {}
	}
	return 0, nil
})

func explode() { panic("elsewhere") }

// wait waits for the end of its context, or for ever. It says when it has begun.
var wait = reexec.Func("wait", func(ctx context.Context, obedient bool) (int, error) {
	if _, err := fmt.Println(os.Getpid()); err != nil {
		return 0, err
	}
	if !obedient {
		select {}
	}
	<-ctx.Done()
	return 0, context.Cause(ctx)
})

// leave leaves a process behind that holds standard output and error open until
// its standard input ends. It is given that as its own standard input.
var leave = reexec.Func("leave", func(context.Context, struct{}) (int, error) {
	cmd := exec.Command("cat")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	return cmd.Process.Pid, nil
})

type nesting struct {
	Deeper  int
	Allowed bool
}

var nest *reexec.Action[nesting, int]

func init() {
	nest = reexec.Func("nest", func(ctx context.Context, n nesting) (int, error) {
		if n.Deeper == 0 {
			return 1, nil
		}
		var opts []reexec.Option
		if n.Allowed {
			opts = append(opts, reexec.Nested())
		}
		depth, err := nest.Run(ctx, nesting{n.Deeper - 1, n.Allowed}, opts...)
		return depth + 1, err
	})
	reexec.Register("forty-two", func() { fmt.Println(`42`) })
	reexec.Register("silent", func() {})
	reexec.Register("exit", func() { os.Exit(0) })
	reexec.Register("exit 4", func() { os.Exit(4) })
	reexec.Register("prose", func() { fmt.Println("the answer is 42") })
	reexec.Register("trailer", func() { fmt.Println("42\nPASS") })
	reexec.Register("grumble", func() { fmt.Fprintln(os.Stderr, "hm"); fmt.Println(`"fine"`) })
	reexec.Register("reverse", func() {
		in, err := io.ReadAll(os.Stdin)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%q", strings.ToUpper(string(in)))
	})
	reexec.Register("burst", func() { panic("burst") })
	reexec.Register("stay", func() { fmt.Println("here"); select {} })
}
