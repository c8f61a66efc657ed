/* SPDX-License-Identifier: GPL-3.0-or-later */
/* glob - a pattern whose only special character is "*" (any bytes, also none), anchored at both ends
 *
 * Linear: the pieces between stars are searched from left to right, each once (memmem);
 * with only "*" the leftmost place is never worse than a later one.  Compares bytes:
 * for a match without case both sides are lower-cased first.
 */
#ifndef DEJUNK_GLOB_H
#define DEJUNK_GLOB_H

#include <stdbool.h>

#include "span.h"

/* glob_match - does @pattern match the whole of @text? */
bool glob_match(struct span pattern, struct span text);

#endif
