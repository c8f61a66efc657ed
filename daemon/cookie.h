/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cookie - split Cookie and Set-Cookie values into cookies, attributes and dates
 *
 * Pure; spans point into the value given.  Reads as user agents do (RFC 6265 s.5), not
 * as well-behaved servers write (s.4).
 */
#ifndef DEJUNK_COOKIE_H
#define DEJUNK_COOKIE_H

#include <stdbool.h>
#include <time.h>

#include "span.h"

struct cookie {
	struct span raw;	/* all bytes between the semicolons, blanks included */
	struct span name;	/* without blanks; empty for a cookie without "=" */
	struct span value;	/* without blanks; quotes are part of it */
};

/* cookie_next - next cookie of a Cookie field value
 * @rest: what is left of the value; moved on
 * @out:  filled when true
 * Returns false at the end.  Empty elements ("a=1;; b=2") are skipped.  RFC 6265 s.4.2, 5.4. */
bool cookie_next(struct span *rest, struct cookie *out);

struct set_cookie {
	struct span name, value;	/* as above */
	struct span expires;		/* text of the last Expires attribute that is a date, else empty */
	struct span max_age;		/* text of the last Max-Age attribute that is a number, else empty */
	struct span domain, path, same_site;	/* last of each, else empty */
	bool secure, http_only;
	time_t expires_at;		/* when @expires is not empty */
	long max_age_s;			/* seconds, clamped to what a long holds; when @max_age is not empty */
};

/* cookie_set_parse - split a Set-Cookie field value
 * Returns false when user agents ignore it: name and value both empty.  RFC 6265 s.5.2. */
bool cookie_set_parse(struct span value, struct set_cookie *out);

/* cookie_is_deletion - does this Set-Cookie remove the cookie rather than set it?
 * Max-Age <= 0, or (without Max-Age) Expires not after @now.  RFC 6265 s.5.2.1, 5.2.2, 5.3. */
bool cookie_is_deletion(const struct set_cookie *c, time_t now);

/* cookie_lives - has it Expires or Max-Age attributes at all, valid or not?  (what limit: cookies drops) */
bool cookie_lives(struct span set_cookie_value);

/* cookie_attribute_next - iterate over the ";"-separated parts of a Set-Cookie value
 * The first one is the name=value pair.  @raw: the part, blanks included, without ";";
 * @name: what stands before "=", trimmed; @value: what follows it, trimmed.  false: end. */
bool cookie_attribute_next(struct span *rest, struct span *raw, struct span *name, struct span *value);

/* cookie_date - read a date as user agents do; false: not one.  RFC 6265 s.5.1.1 */
bool cookie_date(struct span text, time_t *out);

#endif
