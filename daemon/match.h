/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match - Adblock filters: a request in, the filter that decides it out
 *
 * Decides as uBlock Origin does: important over exception over block; but an exception may itself be important, and
 * lifts important blocks then, as AdGuard's lists mean it (uBlock Origin refuses such a filter).  Reads sections that match_build wrote
 * (match_image.h) and believes nothing in them that memory's safety rests on: what is broken is refused when they are
 * opened, or holds for no request.
 * Deciding allocates nothing, but that an expression is compiled when it is first needed.  One question at a time:
 * a struct match has working memory.
 */
#ifndef DEJUNK_MATCH_H
#define DEJUNK_MATCH_H

#include <libpsl.h>
#include <stdbool.h>
#include <stdint.h>

#include "filter.h"
#include "image.h"
#include "match_image.h"
#include "span.h"

struct match;

/* match_open - check the sections of one instance
 * @im: borrowed; outlives the result
 * @psl: borrowed; NULL: every host is its own domain
 * @why: filled on failure: one line (a constant)
 * Returns NULL on failure, and also, with *why NULL, when there is no such instance. */
struct match *match_open(const struct image *im, uint32_t instance, const psl_ctx_t *psl, const char **why);
void match_close(struct match *m);	/* NULL is allowed */

struct match_question {
	struct span url;	/* scheme://host[:port]/path?query as sent; what is longer than LIMIT_MATCH_URL_BYTES is cut,
				 * and its end is then not known */
	bool bare;		/* the URL begins with the host: "http://" is meant */
	struct span source;	/* host of the page, without final dot; empty: not known */
	bool unknown_is_third;	/* what a request from an unknown page is */
	bool skip_hosts;	/* hosts that are blocked whole and without condition do not count: only other filters do */
	uint32_t type;		/* one of enum filter_type.  A document is never third party. */
	uint32_t method;	/* one of enum filter_method; not known: FILTER_METHOD_OTHER */
};

enum match_result {
	MATCH_PASS,	/* no filter blocks it */
	MATCH_BLOCK,
	MATCH_ALLOW,	/* an exception lifts a block */
};

struct match_verdict {
	enum match_result result;
	bool important;
	enum filter_resource resource;	/* MATCH_BLOCK by a redirect filter: what it names */
	uint32_t list, line;		/* of the filter that decided; not for PASS */
	struct span name;		/* the part of the URL's host that a filter for a whole host names (borrowed from
					 * the question of a lower-case URL, else from @m until the next question), or empty */
	uint32_t record;		/* its number, for match_number(); from 1 */
	bool whole;			/* a host that is blocked whole, for everyone and without condition */
};

/* match_decide - what the filters say about a request */
void match_decide(struct match *m, const struct match_question *q, struct match_verdict *v);

/* match_text - the filter behind a verdict that is not PASS, as written
 * @text: where the text is put when it is not in the image (HOST_MAX + 4 bytes always suffice); cut if it does not fit */
struct span match_text(const struct match *m, const struct match_verdict *v, char *text, size_t text_len);

/* match_numbers - the largest number that a verdict of @m may have in .record
 * match_number - fill list, line, record and whole of the filter with this number; false: there is none */
uint32_t match_numbers(const struct match *m);
bool match_number(const struct match *m, uint32_t number, struct match_verdict *v);

/* match_find - one filter of a group that holds for a request, whatever other groups say (hosts that are blocked whole
 * are in no group); @important: only such.  Then @v is filled: ALLOW for exceptions, else BLOCK */
bool match_find(struct match *m, const struct match_question *q, enum match_group group, bool important,
		struct match_verdict *v);

/* match_collect - every filter of a group that holds for a request, each once, in no order
 * @text: filled with up to @max filters as written (they live as long as the image); @number: of each (match_number)
 * Returns how many were filled. */
size_t match_collect(struct match *m, const struct match_question *q, enum match_group group, struct span *text,
		     uint32_t *number, size_t max);
bool match_has(const struct match *m, enum match_group group);	/* is there any filter in it? */

/* match_host - is this normalised host, or a parent, blocked whole, for everyone and without condition, and does no
 * exception name it or a parent?  Then @v is filled (BLOCK). */
bool match_host(struct match *m, struct span host, struct match_verdict *v);

/* match_host_whole - the same, whatever exceptions say */
bool match_host_whole(struct match *m, struct span host, struct match_verdict *v);
/* match_excepted - does an exception name this normalised host or a parent of it?
 * @v: filled with one that does (ALLOW), which costs time; NULL: only whether */
bool match_excepted(struct match *m, struct span host, struct match_verdict *v);

uint32_t match_hosts(const struct match *m);	/* hosts that are blocked whole, for everyone and without condition */
uint32_t match_filters(const struct match *m);	/* in force, duplicates folded */

#endif
