/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard - copies of test input that end at an unreadable page, so that an overread crashes */
#ifndef DEJUNK_GUARD_H
#define DEJUNK_GUARD_H

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "span.h"

enum { GUARD_SLOTS = 16 };

/* guard_copy - the same bytes, the last of which touches an unreadable page
 * The copy lives until GUARD_SLOTS more were made. */
static inline struct span guard_copy(struct span s)
{
	static struct { char *p; size_t bytes; } slots[GUARD_SLOTS];
	static unsigned turn;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t need = (s.len + page - 1) / page * page + page;
	unsigned i = turn++ % GUARD_SLOTS;

	if (slots[i].bytes < need) {
		if (slots[i].p)
			munmap(slots[i].p, slots[i].bytes);
		slots[i].p = mmap(NULL, need, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert(slots[i].p != MAP_FAILED);
		slots[i].bytes = need;
		assert(mprotect(slots[i].p + need - page, page, PROT_NONE) == 0);
	}
	char *end = slots[i].p + slots[i].bytes - page;

	if (s.len)
		memcpy(end - s.len, s.p, s.len);
	return (struct span){ end - s.len, s.len };
}

#endif
