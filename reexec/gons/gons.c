// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

// Joins namespaces before there is a Go runtime, and with it a second thread.
//
//  1. The C library runs gons_start before main, on the only thread.
//  2. The gons_ variables are taken out of the environment, whatever follows.
//  3. Nothing is touched unless all of the request makes sense: no privileged
//     program, an order that can be read, a single thread.
//  4. Namespaces marked with ! are opened; then each is joined in order, the
//     others being opened just before. Meanwhile nobody inside may look at the process.
//  5. The first failure ends it and is kept for gons.Status. Descriptors are
//     closed on every path.
//
// A constructor runs among those of other libraries, in no order to rely on:
// hence no allocation, no stdio, no locale, no change to signals or to the
// environment's length; only system calls, getauxval and the string functions.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "gons.h"

// musl-gcc and old distributions have no linux/nsfs.h, or lack the newest kinds.
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef NS_GET_NSTYPE
#define NS_GET_NSTYPE _IO(0xb7, 0x3)
#endif

extern char **environ;

// The twin of internal/kind, which there is no Go to read yet.
const struct gons_kind gons_kinds[GONS_KINDS] = {
	{"user", CLONE_NEWUSER},
	{"cgroup", CLONE_NEWCGROUP},
	{"ipc", CLONE_NEWIPC},
	{"net", CLONE_NEWNET},
	{"pid", CLONE_NEWPID},
	{"time", CLONE_NEWTIME},
	{"uts", CLONE_NEWUTS},
	{"mnt", CLONE_NEWNS},
};

const char *const gons_default_order = "!user,!mnt,!cgroup,!ipc,!net,!pid,!uts,!time";

struct gons_failure gons_failure;

// A join is one namespace to be joined.
struct join {
	const struct gons_kind *kind;
	const char *path;
	int early;
	int fd;
	struct stat own; // the namespace that the process starts in, if known
	int inside;      // it is the one to be joined
};

static int fail(const char *name, const char *value, enum gons_cause cause, int err)
{
	gons_failure.name = name;
	gons_failure.value = value;
	gons_failure.cause = cause;
	gons_failure.err = err;
	return -1;
}

// kind_of returns the index of the kind that the text before end names, or -1.
static int kind_of(const char *text, const char *end)
{
	size_t len = (size_t)(end - text);

	for (int i = 0; i < GONS_KINDS; i++)
		if (strlen(gons_kinds[i].name) == len && memcmp(gons_kinds[i].name, text, len) == 0)
			return i;
	return -1;
}

// take moves the variables out of the environment and tells how many there were.
// Of a variable that is there twice the first counts, as with getenv(3).
//
// Entries are blanked, not removed: libc's unsetenv would shorten the vector on
// the stack, and the Go runtime finds the auxiliary vector (page size, vDSO,
// AT_SECURE) by counting from argv over the environment to its end.
static int take(const char *paths[GONS_KINDS], const char **order)
{
	static char blank[2];
	int taken = 0;

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		if (strncmp(*entry, "gons_", 5) != 0)
			continue;
		const char *name = *entry + 5;
		const char *equals = strchr(name, '=');
		if (equals == NULL)
			continue;
		const char **value;
		int kind = kind_of(name, equals);
		if (kind >= 0)
			value = &paths[kind];
		else if (equals - name == 5 && memcmp(name, "order", 5) == 0)
			value = order;
		else
			continue;
		if (*value == NULL)
			*value = equals + 1;
		*entry = blank;
		taken++;
	}
	return taken;
}

// plan lists the joins that are asked for, in order, and tells how many.
static int plan(struct join joins[GONS_KINDS], const char *paths[GONS_KINDS], const char *order)
{
	int seen[GONS_KINDS] = {0};
	int count = 0;
	const char *text = order != NULL ? order : gons_default_order;

	for (;;) {
		const char *end = text + strcspn(text, ",");
		int early = *text == '!';
		int kind = kind_of(text + early, end);
		if (kind < 0 || seen[kind])
			return fail("order", order, GONS_ORDER, 0);
		seen[kind] = 1;
		if (paths[kind] != NULL) {
			struct join *join = &joins[count++];
			join->kind = &gons_kinds[kind];
			join->path = paths[kind];
			join->early = early;
			join->fd = -1;
		}
		if (*end == '\0')
			break;
		text = end + 1;
	}
	for (int i = 0; i < GONS_KINDS; i++)
		if (paths[i] != NULL && !seen[i])
			return fail(gons_kinds[i].name, paths[i], GONS_UNORDERED, 0);
	return count;
}

// look remembers the namespace that the process is in; without /proc it stays
// unknown, and equal to none.
static void look(struct join *join)
{
	char path[32] = "/proc/self/ns/";

	strcat(path, join->kind->name);
	if (stat(path, &join->own) < 0)
		memset(&join->own, 0, sizeof join->own);
}

// open_ns opens a namespace file and makes sure that it can be joined. A fifo
// cannot make it wait, nor a terminal become the controlling one.
static int open_ns(struct join *join)
{
	struct statfs fs;
	struct stat st;

	do
		join->fd = open(join->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	while (join->fd < 0 && errno == EINTR);
	if (join->fd < 0 || fstatfs(join->fd, &fs) < 0 || fstat(join->fd, &st) < 0)
		return fail(join->kind->name, join->path, GONS_OPEN, errno);
	// Only nsfs is asked: to a device driver the same request could mean anything.
	if (fs.f_type != NSFS_MAGIC || ioctl(join->fd, NS_GET_NSTYPE) != join->kind->flag)
		return fail(join->kind->name, join->path, GONS_TYPE, EINVAL);
	join->inside = st.st_ino == join->own.st_ino && st.st_dev == join->own.st_dev;
	// The kernel would let it be joined, and then refuse the Go runtime its
	// threads (EINVAL, pid_namespaces(7)), which ends the program.
	if (join->kind->flag == CLONE_NEWPID && !join->inside)
		return fail(join->kind->name, join->path, GONS_CHILDREN, EINVAL);
	return 0;
}

// hide has nobody look at the process: those who are root in a user namespace could follow one
// that is only half inside to its memory, its files and the root directory that it comes from
// (ptrace(2), "Ptrace access mode checking").
static void hide(void) { prctl(PR_SET_DUMPABLE, 0); }

static int enter(struct join *join)
{
	if (join->fd < 0 && open_ns(join) < 0)
		return -1;
	// Where the process is already there is nothing to do, and for its own user
	// namespace setns(2) gives EINVAL. But joining a mount namespace also makes
	// its root the root and working directory.
	if (join->inside && join->kind->flag != CLONE_NEWNS)
		return 0;
	if (setns(join->fd, join->kind->flag) < 0)
		return fail(join->kind->name, join->path, GONS_SETNS, errno);
	hide(); // new credentials may have undone it (fs.suid_dumpable)
	return 0;
}

static int enter_all(struct join *joins, int count)
{
	for (int i = 0; i < count; i++)
		look(&joins[i]);
	for (int i = 0; i < count; i++)
		if (joins[i].early && open_ns(&joins[i]) < 0)
			return -1;
	for (int i = 0; i < count; i++)
		if (enter(&joins[i]) < 0)
			return -1;
	return 0;
}

// A priority, so that it runs before the Go runtime of a -buildmode=c-shared
// library, which starts in a constructor as well.
__attribute__((constructor(101))) static void gons_start(void)
{
	const char *paths[GONS_KINDS] = {NULL};
	const char *order = NULL;
	struct join joins[GONS_KINDS] = {{0}};
	int saved = errno;

	if (take(paths, &order) == 0)
		return;
	int first = 0;
	while (first < GONS_KINDS && paths[first] == NULL)
		first++;
	// As the dynamic linker does with LD_PRELOAD (getauxval(3), AT_SECURE). That there is
	// no such entry shows in errno alone.
	errno = 0;
	unsigned long secure = getauxval(AT_SECURE);
	enum gons_cause cause = secure != 0 ? GONS_SECURE : errno == ENOENT ? GONS_UNKNOWN : GONS_NONE;
	errno = saved;
	if (cause != GONS_NONE) {
		if (first < GONS_KINDS)
			fail(gons_kinds[first].name, paths[first], cause, EPERM);
		return;
	}
	int count = plan(joins, paths, order);
	if (count <= 0)
		return;
	// Changes nothing in a process of one thread, and is EINVAL in any other
	// (unshare(2)). Some kinds would be joined by this thread alone.
	if (unshare(CLONE_THREAD) < 0) {
		fail(joins[0].kind->name, joins[0].path, GONS_THREADS, errno);
		return;
	}

	// A user namespace brings new credentials, which can clear the parent-death
	// signal (PR_SET_PDEATHSIG(2const)).
	int death_signal = 0;
	pid_t parent = getppid();
	prctl(PR_GET_PDEATHSIG, &death_signal);
	// Who could not get there all the way stays hidden.
	int dumpable = prctl(PR_GET_DUMPABLE);
	hide();
	if (enter_all(joins, count) == 0 && dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	if (death_signal != 0) {
		prctl(PR_SET_PDEATHSIG, death_signal);
		if (getppid() != parent)
			raise(death_signal);
	}
	for (int i = 0; i < count; i++)
		if (joins[i].fd >= 0)
			close(joins[i].fd);
	errno = saved;
}
