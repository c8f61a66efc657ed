/* SPDX-License-Identifier: GPL-3.0-or-later */
/* named - is this the value of a key in a YAML file?  For who must not parse it
 *
 * The monitor is root and opens files for the compile child, which it does not trust.  It looks at lines, no more: the
 * value must stand there as it is, whole, after its key ("file: a", "{file: 'a'}", "file: [a]"), or on the line after it,
 * and not in a comment.  What YAML can say in another way (escapes, aliases, text over several lines) is not found.
 */
#ifndef DEJUNK_NAMED_H
#define DEJUNK_NAMED_H

#include <stdbool.h>

#include "span.h"

/* named_value - is @value (not empty) written in @yaml as a whole value of @key? */
bool named_value(struct span yaml, const char *key, struct span value);

#endif
