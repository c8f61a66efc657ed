/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stand_in - what a client gets in place of what was blocked, and our error answers
 *
 * Pure: builds one whole HTTP/1.1 answer, head and body, into a buffer.  All carry
 * Cache-Control: no-store, Content-Length, no validators, and never a cookie.
 */
#ifndef DEJUNK_STAND_IN_H
#define DEJUNK_STAND_IN_H

#include <stdint.h>
#include <time.h>

#include "filter.h"
#include "rules.h"
#include "span.h"

enum { STAND_IN_BYTES = 8192 };	/* bytes that any answer fits into */

struct stand_in {
	unsigned status;	/* 200, 400, 403, 408, 414, 431, 502, 503 or 504; others are written as 502 */
	enum resource type;	/* 200: of what kind the empty answer is */
	enum filter_resource resource;	/* 200: what a redirect filter names; NONE, TYPED: as type says */
	struct span extension;	/* 200: url_extension() of the request, picks the media type; may be empty */
	uint32_t width, height;	/* 200 and RES_IMAGE: pixels; 0 or over LIMIT_STAND_IN_PIXELS: 1x1 */
	struct span url;	/* 403: what was asked for; may be empty, is cut at 256 bytes */
	struct span rule;	/* 403: what blocked it, "rules.yaml:17: block: requests..."; cut at 512 bytes */
	struct span detail;	/* other errors: one more line of text; may be empty, cut at 256 bytes */
	bool head_only;		/* the request was HEAD: Content-Length as it would be, no body */
	bool close;		/* Connection: close; else the connection stays open */
	bool http10;		/* the request was HTTP/1.0: staying open must be said */
	time_t now;		/* for Date (RFC 9110 s.6.6.1); 0: no Date */
};

/* stand_in_status - the status a blocked request of this type is answered with: 200 (an empty
 * answer of its type) for images, scripts, styles, xhr, fonts, media; else 403 with a page */
unsigned stand_in_status(enum resource type);

/* stand_in_named - has this resource a body of its own?  Then the answer is 200, whatever the type of the request */
bool stand_in_named(enum filter_resource resource);

/* stand_in_write - build the answer
 * @body_at: filled with the offset of the body (equals the returned length when head_only); may be NULL
 * Text from outside is escaped for HTML.  Returns the length; 0: @cap (STAND_IN_BYTES is enough)
 * is too small. */
size_t stand_in_write(const struct stand_in *s, char *out, size_t cap, size_t *body_at);

/* stand_in_image - an empty, wholly transparent PNG of @width x @height (1 to LIMIT_STAND_IN_PIXELS)
 * Returns its length, 91 to about 2200 bytes; 0: does not fit or a size out of range. */
size_t stand_in_image(uint32_t width, uint32_t height, char *out, size_t cap);

#endif
