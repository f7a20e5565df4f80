// SPDX-License-Identifier: Apache-2.0

// Package attack has tests only: root of a Set's namespaces tries to get at the memory, the
// descriptors and the files of the process that uses the Set, in each moment in which that
// has another process do something for it. make attacks prints what was tried.
package attack
