/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits - every bound of dejunk, in one place
 *
 * Each row of tbl/limit.h is a constant: name, value, unit, and what happens when it
 * is reached (reached() counts and says it).  The man page's LIMITS section is printed from the same table.
 */
#ifdef _GCC_NEXT_LIMITS_H
#include_next <limits.h>	/* gcc's <limits.h> looks for the C library's and begins here by mistake: send it on */
#endif

#ifndef DEJUNK_LIMITS_H
#define DEJUNK_LIMITS_H

/* A daemon for tests has smaller limits, see tests/limits/short.  Its table is in no include path but its own, and
 * it does not run where the environment does not name it. */
#ifdef DEJUNK_SHORT_LIMITS
#define LIMITS_TABLE "limit_short.h"
enum { LIMITS_SHORT = 1 };
#else
#define LIMITS_TABLE "tbl/limit.h"
enum { LIMITS_SHORT = 0 };
#endif

enum limit {
#define LIMIT(name, value, unit, text) LIMIT_##name = (value),
#include LIMITS_TABLE
#undef LIMIT
};

enum limit_id {			/* their places in a table: reached.h */
#define LIMIT(name, value, unit, text) LIMIT_ID_##name,
#include LIMITS_TABLE
#undef LIMIT
	LIMIT_IDS
};

#endif
