/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http1_edit - write a head again with fields dropped or values replaced
 *
 * Every byte that is not edited is copied as it is: order, case, blanks, line ends.
 * Output goes into a buffer of the caller.  Dropping and limiting never make a head longer,
 * so a buffer of head.len bytes is always enough for those.
 *
 *	http1_edit_begin(&e, in, &head, buf, sizeof(buf));
 *	http1_edit_target(&e, target);		// of a request
 *	... for fields in the order of head.fields:
 *		http1_edit_drop(&e, f), http1_edit_replace(&e, f, value), http1_edit_cookies(&e, f, keep, arg)
 *	http1_edit_add(&e, ...);
 *	len = http1_edit_end(&e);	// 0: did not fit
 */
#ifndef DEJUNK_HTTP1_EDIT_H
#define DEJUNK_HTTP1_EDIT_H

#include "cookie.h"
#include "http1_head.h"

struct http1_edit {
	const struct http1_head *head;
	struct span in;		/* the old head */
	size_t from;		/* what of it was dealt with */
	char *out;
	size_t cap, len;
	bool overflow;
	bool changed;		/* the new head differs from the old; else the old may be sent */
};

/* http1_edit_begin - @in: the bytes @head was parsed from; @out, @cap: where to write
 * All borrowed until http1_edit_end().  @out must not overlap @in. */
void http1_edit_begin(struct http1_edit *e, struct span in, const struct http1_head *head, char *out, size_t cap);

/* http1_edit_target - write @target in place of the request's; before all fields */
void http1_edit_target(struct http1_edit *e, struct span target);

/* http1_edit_drop - leave out the whole line(s) of @f.  Fields must be given in the order of
 * head.fields, each at most once; all others are copied. */
void http1_edit_drop(struct http1_edit *e, const struct http1_field *f);

/* http1_edit_replace - write @value in place of the field's; blanks around it stay */
void http1_edit_replace(struct http1_edit *e, const struct http1_field *f, struct span value);

/* http1_edit_add - a new field line after the last one; only after all drops and replaces */
void http1_edit_add(struct http1_edit *e, struct span name, struct span value);

/* http1_edit_cookies - write a Cookie field without the cookies that @keep refuses
 * @keep: called once for each cookie, in order; true: it stays
 * The ones that stay are copied with the bytes around them; if none stays the field is dropped;
 * if all stay nothing changes.  Returns how many were removed. */
unsigned http1_edit_cookies(struct http1_edit *e, const struct http1_field *f,
			    bool (*keep)(const struct cookie *c, void *arg), void *arg);

/* http1_edit_limit - write a Set-Cookie field without its Expires and Max-Age attributes
 * Returns true when there was one.  (Whether it is a deletion is for the caller to ask before.) */
bool http1_edit_limit(struct http1_edit *e, const struct http1_field *f);

/* http1_edit_end - copy the rest; returns the length of the new head, or 0 when it did not fit */
size_t http1_edit_end(struct http1_edit *e);

#endif
