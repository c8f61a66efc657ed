/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reached - a limit of tbl/limit.h was reached: counted each time, said once
 *
 * "dejunk status" shows how often each was reached, by all processes together.  For limits at which
 * something is refused, cut, closed or forgotten; the lengths of ordinary waits (FIRST_BYTE_MS, say) are none.
 */
#ifndef DEJUNK_REACHED_H
#define DEJUNK_REACHED_H

#include "addr.h"
#include "limits.h"

/* reached - count it, and write a warning with its row of the table, once an hour a limit and process
 * @whose: the client or server it was reached by (borrowed); NULL: nobody's */
void reached(enum limit_id id, const struct addr *whose);
/* reached_quietly - count it only: the caller says more than the table, or it is everyday life */
void reached_quietly(enum limit_id id);

/* limit_name - "HEAD_MS", limit_text - what it bounds and what happens, limit_value, limit_unit - "ms" */
const char *limit_name(enum limit_id id);
const char *limit_text(enum limit_id id);
unsigned limit_value(enum limit_id id);
const char *limit_unit(enum limit_id id);

#endif
