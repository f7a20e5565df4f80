// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons

/*
#cgo CFLAGS: -std=c99
#include "gons.h"
*/
import "C"

import (
	"fmt"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// status is what the constructor in gons.c found, told in Go's terms. By now the
// namespaces are joined and the variables gone.
var status = failure()

func failure() error {
	f := C.gons_failure
	if f.cause == C.GONS_NONE {
		return nil
	}
	op, err := explain(f)
	return &Error{
		Variable: prefix + C.GoString(f.name),
		Value:    C.GoString(f.value),
		Op:       op,
		Err:      err,
	}
}

func explain(f C.struct_gons_failure) (op string, err error) {
	errno := syscall.Errno(f.err)
	switch f.cause {
	case C.GONS_SECURE:
		return "start", errPrivileged
	case C.GONS_UNKNOWN:
		return "start", errUnknown(sys.ErrNoSecure)
	case C.GONS_ORDER:
		_, err := parseOrder(C.GoString(f.value))
		return "parse", err
	case C.GONS_UNORDERED:
		return "parse", errUnordered
	case C.GONS_THREADS:
		return "unshare", fmt.Errorf("the process has more than one thread already: %w", errno)
	case C.GONS_OPEN:
		return "open", errno
	case C.GONS_TYPE:
		return "open", errNotKind(C.GoString(f.name))
	case C.GONS_CHILDREN:
		return "setns", errChildren
	default:
		return "setns", errno
	}
}

// twins returns the names and flags that gons.c has, and its default order.
func twins() (names []string, flags []int, order string) {
	for _, k := range C.gons_kinds {
		names, flags = append(names, C.GoString(k.name)), append(flags, int(k.flag))
	}
	return names, flags, C.GoString(C.gons_default_order)
}
