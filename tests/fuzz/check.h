/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check - what every fuzz target of the HTTP parsers needs: a property, a copy of exact size, a sequence of cuts */
#ifndef DEJUNK_FUZZ_CHECK_H
#define DEJUNK_FUZZ_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* CHECK - a property: does not hold, a crash that names it */
#define CHECK(holds) \
	do { \
		if (!(holds)) { \
			fprintf(stderr, "%s:%d: property broken: %s\n", __FILE__, __LINE__, #holds); \
			abort(); \
		} \
	} while (0)

/* copy_of - in memory of exactly this size, so that the sanitizer sees an overread; free() it */
static inline struct span copy_of(struct span s)
{
	char *p = malloc(s.len ? s.len : 1);

	if (s.len)
		memcpy(p, s.p, s.len);
	return (struct span){ p, s.len };
}

static inline void drop_copy(struct span s)
{
	free((void *)(uintptr_t)s.p);
}

/* cut_next - pseudo-random numbers that depend on the input only */
static inline uint32_t cut_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static inline uint32_t cut_seed(const uint8_t *data, size_t size)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 16777619u;
	return h ? h : 1;
}

#endif
