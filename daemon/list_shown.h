/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_shown - URLs of lists as anybody may see them: without the user, the password, and what the query says
 *
 * A subscription may need a password or a token.  rules.yaml can be kept from others, a log, a status or the page that
 * a blocked client gets cannot.  What is in the path stays.  Pure.
 */
#ifndef DEJUNK_LIST_SHOWN_H
#define DEJUNK_LIST_SHOWN_H

#include <stddef.h>

#include "span.h"

/* list_shown - copy @text, in which URLs of any scheme lose their secrets: what is before "@" in front of the host, the
 * values of the query, or all of it where it has no "=", and the fragment are "***" then
 * @out: filled, NUL-terminated, cut at @out_len bytes; what is cut off shows nothing
 * Returns the bytes without the NUL.  Of what it wrote it makes the same again. */
size_t list_shown(struct span text, char *out, size_t out_len);

#endif
