/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action - what filters of lists change in a request instead of blocking it: $removeparam and $cookie
 *
 * The matcher says which filters hold for a request; here each is read once, and a set of them says what becomes of
 * one parameter or one cookie.  The order of the filters never matters.  Does not look at URL, page or type.
 */
#ifndef DEJUNK_ACTION_H
#define DEJUNK_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "cookie_cap.h"
#include "limits.h"
#include "span.h"

struct action;		/* one filter, read */
struct actions;		/* all that were read so far; regular expressions among them, compiled */

/* actions_new, actions_free - NULL: out of memory; free(NULL) is allowed */
struct actions *actions_new(void);
void actions_free(struct actions *a);

/* actions_full - has it LIMIT_FILTERS_READ filters?  Others can be added to no set */
bool actions_full(const struct actions *a);

/* the filters that hold for one request, exceptions among them */
struct action_set {
	unsigned count;
	unsigned exceptions;	/* of them, the first ones */
	bool cookies;		/* else parameters */
	const struct action *action[LIMIT_FILTERS_AT_ONCE];
	uint32_t tag[LIMIT_FILTERS_AT_ONCE];		/* of names: most need not be looked at */
	uint32_t origin[LIMIT_FILTERS_AT_ONCE];		/* whatever the caller knows a filter by */
};

/* action_set_begin - empty @s; @cookies: for $cookie, else for $removeparam filters */
void action_set_begin(struct action_set *s, bool cookies);
/* action_set_add - the filter with this text also holds
 * @text: as written in the list (borrowed as long as @a: a filter is known again by where its text lies)
 * @exception: it lifts others: written with "@@", or of a list of exceptions
 * Returns false when it is none of the kind, cannot be read, or @s or @a are full. */
bool action_set_add(struct action_set *s, struct actions *a, struct span text, bool exception,
		    uint32_t origin);
/* action_set_settle - all are in: exceptions of a parameter filter take away the filters with the same value, one
 * without a value all of them but the important.  (Exceptions of cookie filters are about cookies, not about filters.)
 * Returns whether anything is left that could act. */
bool action_set_settle(struct action_set *s);

/* action_param - does a filter of the set remove this parameter ("name=value" as sent)?
 * A name is compared, with case, as sent and decoded; an expression likewise with "name=value".
 * @origin: filled with that of a filter that does.  uBlock Origin's filterQuery, AdGuard's $removeparam. */
bool action_param(const struct action_set *s, struct actions *a, struct span param, uint32_t *origin);

enum action_cookie { ACTION_COOKIE_PASS, ACTION_COOKIE_BLOCK, ACTION_COOKIE_CAP };
/* action_cookie - what the set says about a cookie of this name
 * Blocked when a filter without maxAge and sameSite (or maxAge=0 alone) names it; else the shortest maxAge and the
 * strictest sameSite of those that do.  An exception that names it lifts all but important filters.
 * @cap: filled for CAP; @origin: filled for BLOCK and CAP with that of one filter behind it */
enum action_cookie action_cookie(const struct action_set *s, struct actions *a, struct span name,
				 struct cookie_cap *cap, uint32_t *origin);

#endif
