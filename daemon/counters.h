/* SPDX-License-Identifier: GPL-3.0-or-later */
/* counters - what each process counts, in a page of its own that others may read
 *
 * The monitor makes one memfd a child, before the child starts; the child maps it
 * writable and is its only writer (plain increments: one thread writes, readers may
 * see a value one moment old).  admin maps all of them read-only and adds them up.
 * A child that is started again keeps its page: counters never go back.
 */
#ifndef DEJUNK_COUNTERS_H
#define DEJUNK_COUNTERS_H

#include <stdint.h>

#include "limits.h"

enum counter {
#define COUNTER(name, json, text) COUNTER_##name,
#include "tbl/counter.h"
#undef COUNTER
	COUNTER_COUNT
};

struct counters {
	uint64_t n[COUNTER_COUNT];
	uint64_t reached[LIMIT_IDS];	/* how often each limit was reached: reached.h */
};

/* The calling process's own page.  Never NULL: before counters_map() it is a static one. */
extern struct counters *counters;

static inline void count(enum counter c) { counters->n[c]++; }
static inline void count_add(enum counter c, uint64_t by) { counters->n[c] += by; }

/* counters_create - a new page in a memfd; returns the descriptor or a negative errno */
int counters_create(void);
/* counters_map - make @fd's page the calling process's own (fd is borrowed); 0 or a negative errno */
int counters_map(int fd);
/* counters_peek - map @fd's page read-only; NULL on failure.  Undone by counters_unpeek. */
const struct counters *counters_peek(int fd);
void counters_unpeek(const struct counters *c);
/* counter_name - the name used in JSON ("blocked"); counter_text - for people */
const char *counter_name(enum counter c);
const char *counter_text(enum counter c);

#endif
