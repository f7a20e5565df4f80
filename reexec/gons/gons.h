// SPDX-License-Identifier: Apache-2.0

// What the constructor of gons.c leaves behind for gons_cgo.go.

#ifndef GONS_H
#define GONS_H

struct gons_kind {
	const char *name;
	int flag;
};

// Why the switch was refused or where it failed.
enum gons_cause {
	GONS_NONE,
	GONS_SECURE,    // the program has more privileges than its caller
	GONS_UNKNOWN,   // it cannot find out whether it has
	GONS_ORDER,     // gons_order cannot be read
	GONS_UNORDERED, // gons_order does not name a namespace that was asked for
	GONS_THREADS,   // there are other threads already
	GONS_OPEN,
	GONS_TYPE,      // no namespace, or one of another kind
	GONS_CHILDREN,  // a pid namespace other than the process's own
	GONS_SETNS
};

struct gons_failure {
	const char *name;  // of the variable, without gons_
	const char *value; // of the variable
	enum gons_cause cause;
	int err;
};

enum { GONS_KINDS = 8 };

extern const struct gons_kind gons_kinds[GONS_KINDS];
extern const char *const gons_default_order;
extern struct gons_failure gons_failure;

#endif
