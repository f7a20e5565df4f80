// SPDX-License-Identifier: Apache-2.0

// To be preloaded: a library whose constructor starts a thread, so that the
// program's own constructors no longer run alone.

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *rest(void *arg)
{
	for (;;)
		pause();
	return arg;
}

__attribute__((constructor)) static void start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, rest, NULL) != 0)
		abort();
}
