/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge - may this connection be opened?  From the rules and from the names learned, by address alone
 *
 * Pure: decides what the rules (rules_connection) and the table of learned names say about a chain
 * of names and about a first packet; what is done about it is the queue's business.
 */
#ifndef DEJUNK_JUDGE_H
#define DEJUNK_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "messages.h"
#include "names.h"
#include "rules.h"
#include "span.h"

/* station_of - the client behind a packet or a name, as groups know it; @ip: where it was seen, family 0: not known */
struct station station_of(const struct client *client, const struct addr *ip);

/* judge_chain - is what a DNS answer says blocked at this address?
 * @client:    who asked
 * @addr:      one address of the answer
 * @chain:     the question's name first, then its aliases (chain_next)
 * @minute:    rules_minute() of now
 * @origin:    filled when it is, for rules_origin()
 *
 * The first name of the chain that a rule decides decides for all: a blocked name anywhere in it blocks, but not
 * behind a name that a rule allows.  "address:" rules take part, in their order among the others. */
bool judge_chain(const struct rules *r, const struct station *client, const struct addr *addr, struct span chain,
		 uint16_t minute, uint32_t *origin);

struct judgement {
	bool refuse;
	bool unlearned;		/* no name stands behind it: struct names does not know the pair */
	uint32_t pair_s;	/* the kernel may refuse the pair by itself that long; 0: it must not */
	uint32_t origin;	/* of the rule; 0 when none is known */
};

/* judge_first - a first packet (SYN, new UDP) of @client at a suspect address
 * @src, @dst: of the packet; @now_ms: clock_ms()
 *
 * Every live name of the pair blocked: refused.  Some wanted: passes.  No name known: "address:" rules, then
 * "unlearned": defer passes, refuse refuses where a host of rules.yaml, resolved ahead, has this address. */
struct judgement judge_first(const struct rules *r, const struct names *names, const struct client *client,
			     const struct addr *src, const struct addr *dst, uint16_t minute, uint64_t now_ms);

/* judge_hello - the first data of a connection: what its ClientHello names
 * @name:  normalised; empty: it names no server
 * @outer: an encrypted hello is within, and @name that of the outer one
 *
 * What the client names decides; where that is not all, what judge_first() says of the names it resolved. */
struct judgement judge_hello(const struct rules *r, const struct names *names, const struct client *client, const struct addr *src,
			     const struct addr *dst, struct span name, bool outer, uint16_t minute, uint64_t now_ms);

/* Set changes that follow from a change of a pair (names_change) */
enum setplan {
	SETPLAN_CHANGE,		/* only what is different now */
	SETPLAN_BLOCKED,	/* a blocked answer was just learned: also renew what is there */
	SETPLAN_FILL,		/* the kernel's sets are empty: all that ought to be there */
};
enum { SETPLAN_MAX = 2 };

/* judge_sets - fill @out with the set changes that @ch asks for; returns how many
 * @maybe_refused: the pair may have been refused without a learned name ("address:" rules, "unlearned: refuse"), so
 * a wanted name must take it out of the set although it was unknown before */
size_t judge_sets(const struct names_change *ch, enum setplan plan, bool maybe_refused, struct msg_set out[SETPLAN_MAX]);

#endif
