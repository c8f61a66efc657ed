/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_query - a question taken apart, and whether a record holds for it; for match.c alone
 *
 * What it is made of is in the working memory of struct match: one question at a time.
 */
#ifndef DEJUNK_MATCH_QUERY_H
#define DEJUNK_MATCH_QUERY_H

#include "match_mapped.h"

struct match_query {
	struct match *m;
	const struct match_question *q;
	struct span url;		/* lower case, with scheme; padded */
	size_t host_at, host_end;	/* in url, without user, port and final dot */
	struct match_names host;
	const struct match_page *page;
	bool cut;			/* the URL goes on, where nobody looks */
	bool original_ready, needles_ready;
	bool third_known, third;
	const uint32_t *key;		/* in m->keys: of the host, then of the tokens */
	size_t keys;
};

/* match_query_begin - take a question apart; both are borrowed until the next */
void match_query_begin(struct match_query *c, struct match *m, const struct match_question *q);

/* match_query_needles - put the needles of the URL into the set of its tokens, once; all of them where telling would
 * take long */
void match_query_needles(struct match_query *c);

/* match_query_may - could the record of this probe hold? */
static inline bool match_query_may(const struct match_query *c, const struct match_probe *p)
{
	return p->types & c->q->type && p->pages & c->page->bits && url_set_has(&c->m->tokens, p->need[0]) &&
	       url_set_has(&c->m->tokens, p->need[1]);
}

/* match_query_holds - does the record, whose probe passes, hold? */
bool match_query_holds(struct match_query *c, const struct match_record *r);

#endif
