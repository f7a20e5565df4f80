// SPDX-License-Identifier: Apache-2.0

// Package keylog has programs that a test starts write the secrets of their TLS connections where a capture finds them.
package keylog

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// Variable is what OpenSSL's curl, GnuTLS, NSS and others take the file's path from.
const Variable = "SSLKEYLOGFILE"

var provider atomic.Pointer[func(testing.TB) string]

// Provide has Env add what path returns for a test, unless that is empty.
func Provide(path func(testing.TB) string) { provider.Store(&path) }

// Env returns the environment for a program that a test starts. It is as it was if nobody captures, or if it has the variable
// already.
func Env(tb testing.TB, env []string) []string {
	path := provider.Load()
	if path == nil || slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, Variable+"=") }) {
		return env
	}
	if file := (*path)(tb); file != "" {
		return append(slices.Clip(env), Variable+"="+file)
	}
	return env
}
