/* SPDX-License-Identifier: GPL-3.0-or-later */
/* regex - regular expressions of rules (PCRE2), bounded in time and memory
 *
 * Bytes, not characters.  Unanchored.  A match that reaches a limit does not match:
 * PCRE2 counts its steps anew for each place it tries, so the limit given to it shrinks
 * as the subject grows, and the subject itself is cut at LIMIT_REGEX_SUBJECT_BYTES.
 */
#ifndef DEJUNK_REGEX_H
#define DEJUNK_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

struct regex;
struct regex_scratch;	/* what a match needs besides; one for many expressions, not for several matches at once */

/* regex_new - compile @pattern, with JIT where the process may have it
 * @why: on failure, one line; @at: on failure, bytes of the pattern before the mistake (each may be NULL)
 * Returns NULL on failure. */
struct regex *regex_new(struct span pattern, bool ignore_case, char *why, size_t why_len, size_t *at);
void regex_free(struct regex *r);

struct regex_scratch *regex_scratch_new(void);	/* NULL: out of memory */
void regex_scratch_free(struct regex_scratch *s);

/* regex_match - is @r somewhere in @text? */
bool regex_match(const struct regex *r, struct regex_scratch *s, struct span text);

#endif
