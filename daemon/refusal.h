/* SPDX-License-Identifier: GPL-3.0-or-later */
/* refusal - is a DNS answer to be refused, and how?
 *
 * By the same rules as connections are (rules_connection), so that what DNS denies and what is refused are the same names:
 *
 *   dns: refuse	names that are blocked for this client
 *   doh: refuse	of these, the names in lists of mode doh; and names by which clients find a way around this filter
 *
 * The chain is judged as judge_chain() does: the first name that a rule decides.  What is denied is a name, so "address:" rules
 * deny nothing; but where one allows an address of the answer, the answer passes.
 *
 * Pure.
 */
#ifndef DEJUNK_REFUSAL_H
#define DEJUNK_REFUSAL_H

#include <stdint.h>

#include "addr.h"
#include "rules.h"
#include "span.h"

enum refusal {
	REFUSAL_NONE,
	REFUSAL_NO_NAME,	/* NXDOMAIN: there is no such name, whatever is asked of it */
	REFUSAL_NO_DATA,	/* it has nothing of this type: only what the answer leads to is blocked */
};

struct refusal_asked {
	const struct station *client;	/* NULL: unknown */
	struct span chain;		/* names, the question's first (chain_next) */
	unsigned links;			/* of these, the question and those that CNAMEs lead to: the same for every type */
	const struct addr *addr;	/* addresses of the answer, @addrs of them */
	size_t addrs;
	uint16_t minute;		/* rules_minute() */
};

/* refusal_of - what to say instead of the answer
 * @origin: filled with the rule's (rules_origin()), 0 where no rule but "doh: refuse" itself does it */
enum refusal refusal_of(const struct rules *r, const struct refusal_asked *a, uint32_t *origin);
/* refusal_possible - can any answer be refused by these rules?  false is certain */
bool refusal_possible(const struct gateway *g);

#endif
