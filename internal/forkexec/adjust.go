// SPDX-License-Identifier: Apache-2.0

package forkexec

import "context"

type adjustment struct{}

// With returns a context by which a caller of package set's Command has the last word
// on how the process is started. It is for what concerns this module alone and would
// be of no use among the fields of a command.
func With(ctx context.Context, adjust func(*Attr)) context.Context {
	return context.WithValue(ctx, adjustment{}, adjust)
}

// Adjust gives the caller that last word.
func Adjust(ctx context.Context, attr *Attr) {
	if adjust, ok := ctx.Value(adjustment{}).(func(*Attr)); ok {
		adjust(attr)
	}
}
