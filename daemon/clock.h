/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock - milliseconds of the monotonic clock; wall time only where people read it */
#ifndef DEJUNK_CLOCK_H
#define DEJUNK_CLOCK_H

#include <stdint.h>
#include <time.h>

/* clock_ms - milliseconds since some fixed moment; never goes back, never 0 */
static inline uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + 1;
}

#endif
