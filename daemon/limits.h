/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits - every bound of dejunk, in one place
 *
 * Each row of tbl/limit.h is a constant: name, value, unit, and what happens when it
 * is reached.  The man page's LIMITS section is printed from the same table.
 */
#ifdef _GCC_NEXT_LIMITS_H
#include_next <limits.h>	/* gcc's <limits.h> looks for the C library's and begins here by mistake: send it on */
#endif

#ifndef DEJUNK_LIMITS_H
#define DEJUNK_LIMITS_H

enum limit {
#define LIMIT(name, value, unit, text) LIMIT_##name = (value),
#include "tbl/limit.h"
#undef LIMIT
};

#endif
