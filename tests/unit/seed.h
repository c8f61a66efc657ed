/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seed - rows of a unit test become the first inputs of a fuzz target
 *
 * With $DEJUNK_SEEDS set (DEJUNK_SEEDS=tests/fuzz/corpus make check) each row is written to
 * $DEJUNK_SEEDS/TARGET/, named by its content; else nothing happens.
 */
#ifndef DEJUNK_SEED_H
#define DEJUNK_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "span.h"

static inline void seed(const char *target, struct span s)
{
	const char *root = getenv("DEJUNK_SEEDS");
	char path[1024];
	uint64_t h = 14695981039346656037u;

	if (!root)
		return;
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	snprintf(path, sizeof(path), "%s/%s", root, target);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%016llx", root, target, (unsigned long long)h);
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(s.p, 1, s.len, f) != s.len)
		perror(path);
	if (f)
		fclose(f);
}

#endif
