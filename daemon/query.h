/* SPDX-License-Identifier: GPL-3.0-or-later */
/* query - the parameters of a request target: read them one by one, leave some out
 *
 * Pure; spans point into the target.  A query is what stands behind the first "?", up to the end or a
 * "#" (which no client should send); "&" parts its parameters.  Nothing is decoded unless it is asked for.
 */
#ifndef DEJUNK_QUERY_H
#define DEJUNK_QUERY_H

#include <stdbool.h>

#include "span.h"

/* query_of - the query of @target (any form of it: RFC 9112 s.3.2), without its "?"
 * Empty, with a null pointer, when there is none. */
struct span query_of(struct span target);

/* query_next - next parameter: name, or name=value, as sent; may be empty ("a&&b")
 * @rest: query_of() at first; moved on.  false: end */
bool query_next(struct span *rest, struct span *param);

/* query_name - what of @param stands before its first "=" */
static inline struct span query_name(struct span param)
{
	return span_until(param, '=');
}

/* query_decode - @s with each %XX as the byte it stands for; "+" stays (RFC 3986 s.2.1)
 * @out: room for s.len bytes.  Returns the length; 0: nothing to decode in it, or a "%" that two hexadecimal
 * digits do not follow. */
size_t query_decode(struct span s, char *out);

/* query_edit - write @target without the parameters that @keep refuses
 * @keep: called once for each parameter that is not empty, in order; true: it stays
 * @out:  room for target.len bytes, not overlapping @target
 * @len:  filled with the length written, when something was removed
 * All other bytes are copied as they are; of the "&" between two parameters one goes with each that goes, and the
 * "?" goes when no parameter is left.  Returns how many were removed. */
unsigned query_edit(struct span target, bool (*keep)(struct span param, void *arg), void *arg, char *out, size_t *len);

#endif
