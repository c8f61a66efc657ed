/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cookie_cap - write a Set-Cookie value again with a shorter life, or another SameSite
 *
 * Pure.  Only the attributes in question change, and only in their values; a missing one is
 * appended.  Of several the last that is valid is the one that user agents take (RFC 6265 s.5.3).
 */
#ifndef DEJUNK_COOKIE_CAP_H
#define DEJUNK_COOKIE_CAP_H

#include <stdint.h>

#include "cookie.h"

enum same_site { SAME_SITE_AS_SENT, SAME_SITE_NONE, SAME_SITE_LAX, SAME_SITE_STRICT };	/* from loose to strict */

struct cookie_cap {
	int64_t max_age;		/* seconds that it may live at most; 0 and less: as sent */
	enum same_site same_site;
};

enum { COOKIE_CAP_MORE = 64 };		/* bytes by which a value may grow, at most */

/* cookie_cap_write - the value of a Set-Cookie field under @cap
 * @value: of the field
 * @now:   what Expires is measured by, and written from
 * @out:   room for value.len + COOKIE_CAP_MORE bytes, not overlapping @value
 *
 * A cookie that ends with the session, or lives longer, gets @cap's lifetime: in Max-Age where it has one (and in an
 * Expires that is later), else in Expires, else as a new Max-Age.  One that lives no longer keeps its own.  A cookie that
 * is being deleted, and one that user agents ignore, is left alone whatever @cap says.
 * Returns the length written; 0: nothing changes. */
size_t cookie_cap_write(struct span value, const struct cookie_cap *cap, time_t now, char *out);

#endif
