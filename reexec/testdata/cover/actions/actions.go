// SPDX-License-Identifier: Apache-2.0

// Package actions has one function for each way in which a child can end. None
// of them ever runs in the parent.
package actions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

// Arg is what an action is told.
type Arg struct{ Root string }

var byName = map[string]*reexec.Action[Arg, int]{
	"Returns":     reexec.Func("Returns", Returns),
	"Fails":       reexec.Func("Fails", Fails),
	"Panics":      reexec.Func("Panics", Panics),
	"Exits":       reexec.Func("Exits", Exits),
	"Obeys":       reexec.Func("Obeys", Obeys),
	"Disobeys":    reexec.Func("Disobeys", Disobeys),
	"Chroots":     reexec.Func("Chroots", Chroots),
	"ChrootsOver": reexec.Func("ChrootsOver", ChrootsOver),
	"Moves":       reexec.Func("Moves", Moves),
}

var grandchild = reexec.Func("Grandchild", Grandchild)

func init() {
	byName["HasChild"] = reexec.Func("HasChild", HasChild)
	reexec.Register("Registered", Registered)
}

func Returns(context.Context, Arg) (int, error) { return 1, nil }

func Fails(context.Context, Arg) (int, error) { return 0, errors.New("failed") }

func Panics(context.Context, Arg) (int, error) { panic("panicked") }

func Exits(context.Context, Arg) (int, error) {
	os.Exit(3)
	return 0, nil
}

func Obeys(ctx context.Context, _ Arg) (int, error) {
	fmt.Println("started")
	<-ctx.Done()
	return 0, context.Cause(ctx)
}

func Disobeys(context.Context, Arg) (int, error) {
	fmt.Println("started")
	select {}
}

func Chroots(_ context.Context, a Arg) (int, error) {
	return 0, errors.Join(syscall.Chroot(a.Root), os.Chdir("/"))
}

func ChrootsOver(_ context.Context, a Arg) (int, error) {
	return 0, errors.Join(syscall.Chroot(a.Root), os.Chdir("/"))
}

func Moves(_ context.Context, a Arg) (int, error) { return 0, os.Chdir(a.Root) }

func HasChild(ctx context.Context, a Arg) (int, error) {
	return grandchild.Run(ctx, a, reexec.Nested())
}

func Grandchild(context.Context, Arg) (int, error) { return 2, nil }

func Registered() { fmt.Print("3") }

// Run runs the action and returns an error if it did not end as it should have.
func Run(name, root string) error {
	if name == "Registered" {
		var three int
		return reexec.RunReexecAction(name, reexec.Result(&three))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	go func() {
		// One line tells that it is time.
		if _, err := fmt.Fscanln(r); !errors.Is(err, io.EOF) {
			cancel()
		}
	}()
	err = inPlace(name, root, func(opts ...reexec.Option) error {
		_, err := byName[name].Run(ctx, Arg{Root: root}, append(opts, reexec.Stdout(w))...)
		return err
	})
	if closeErr := w.Close(); closeErr != nil {
		return closeErr
	}
	return expected(name, err)
}

func expected(name string, err error) error {
	var failure *reexec.ActionError
	var panicked *reexec.PanicError
	ok := err == nil
	switch name {
	case "Fails":
		ok = errors.As(err, &failure)
	case "Panics":
		ok = errors.As(err, &panicked)
	case "Exits":
		ok = errors.Is(err, reexec.ErrNoResult)
	case "Obeys":
		ok = errors.Is(err, context.Canceled) && errors.As(err, &failure)
	case "Disobeys":
		ok = errors.Is(err, reexec.ErrTerminated)
	}
	if !ok {
		return fmt.Errorf("%s: unexpected end: %w", name, err)
	}
	return nil
}
