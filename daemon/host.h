/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host - host names in the one form that is compared: ASCII, lower case, no final dot */
#ifndef DEJUNK_HOST_H
#define DEJUNK_HOST_H

#include <stdbool.h>

#include "span.h"

enum { HOST_MAX = 253 };	/* bytes of a name in text, RFC 1035 s.2.3.4 less root and lengths */

/* host_normalise - bring a name from the wire or a file into the compared form
 * @in:  name or IP address in text; UTF-8 allowed (IDNA 2008 by libidn2, non-transitional); IPv6 with or without brackets
 * @out: filled on success
 *
 * Returns the length, or 0: not a host name (empty label, too long, byte not allowed).
 * Underscores are allowed.  An all-ASCII name takes a fast path without libidn2. */
size_t host_normalise(struct span in, char out[HOST_MAX + 1]);
/* host_is_address - is this normalised host an IP address in text (and so has no parents)? */
bool host_is_address(struct span host);
/* host_covers - is @host the name @parent or below it?  both normalised */
bool host_covers(struct span parent, struct span host);

#endif
