/* SPDX-License-Identifier: GPL-3.0-or-later */
/* change - what own rules and filters of lists change in a message that passes: parameters that go, cookies that go or
 * live shorter
 *
 * What holds for a request is collected into memory of the process: one message at a time.  Filters of lists with mode
 * observe change nothing; what they would have done is told.
 */
#ifndef DEJUNK_CHANGE_H
#define DEJUNK_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cookie_cap.h"
#include "rules.h"
#include "span.h"

/* change_target - write @target without the parameters that filters remove
 * @out:  room for target.len bytes; @len: filled when something was removed
 * @told: NULL, or called for each parameter that a filter removes, or would remove
 *
 * Only of GET, HEAD and OPTIONS requests.  Costs nothing where there is no query or no such filter.  @f is of this
 * very target.  Returns how many were removed: what is left is another request, to be judged again, but not to be
 * shortened again. */
unsigned change_target(struct rules *r, const struct facts *f, struct span target, char *out, size_t *len,
		       void (*told)(struct span param, uint32_t origin, bool observe, void *arg), void *arg);

enum change {
	CHANGE_NOTHING,
	CHANGE_REMOVE,
	CHANGE_LIMIT,	/* for this session: an own rule; Set-Cookie only */
	CHANGE_CAP,	/* lifetime, SameSite: filters of lists; Set-Cookie only */
};

struct change_cookie {
	enum change what;
	bool listed;		/* filters decided, no own rule */
	uint32_t origin;	/* of what decided, for rules_origin(); 0 for NOTHING */
	struct cookie_cap cap;	/* for CAP */
	uint32_t observed;	/* NOTHING: origin of a filter that would have changed it; else 0 */
};

/* change_cookies - the questions that follow are about cookies of this request or of its answer (@r, @f borrowed until
 * the last of them).  false: none of them can be touched */
bool change_cookies(struct rules *r, const struct facts *f);
/* change_cookie - own rules first, then the filters; for both directions */
void change_cookie(struct span name, struct change_cookie *out);

/* change_trailer - is this trailer line, Cookie or Set-Cookie, to be taken out: would any cookie of it be removed, or changed, in
 * a head?  Nobody reads it as a cookie (RFC 9110 s.6.5.1), so it is not worth to be rewritten.  Asks change_cookies() itself */
bool change_trailer(struct rules *r, const struct facts *f, struct span line);

/* change_limit - the limit that the message at hand reached, so that names or filters were passed over: an enum
 * limit_id; -1: none */
int change_limit(void);

#endif
