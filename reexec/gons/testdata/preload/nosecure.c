// SPDX-License-Identifier: Apache-2.0

// An auxiliary vector without AT_SECURE, for LD_PRELOAD.

#include <errno.h>
#include <sys/auxv.h>

unsigned long getauxval(unsigned long type)
{
	(void)type;
	errno = ENOENT;
	return 0;
}
