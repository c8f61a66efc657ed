/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names - which names does an address carry, for whom, and until when: what was learned from DNS
 *
 * Pure: no clock, no input or output; every call that needs the time is given it.
 * A *pair* is a client and an address; it holds the names that this client resolved to that
 * address.  One DNS answer is one name of each pair it makes: the question's name, stored with its
 * whole CNAME chain so that a reload can judge it anew; blocked when any name of the chain is.
 *
 * Bounds (struct names_bounds): a client over its own bounds loses its own pair that expires first, a full table
 * the pair whose name expires first, always with all its names: half of what is known of a pair could refuse a
 * wanted host, nothing known never does.  A pair over its bound loses its name that expires first; where that
 * was a wanted one, the pair remembers until when it would have lived and is not PAIR_ALL_BLOCKED before.
 *
 * Memory: tables for the bounds are reserved by names_new() and touched as they fill; the text of names
 * is allocated as it comes (shared by all pairs with the same chain), bounded by names_bounds.bytes.
 */
#ifndef DEJUNK_NAMES_H
#define DEJUNK_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "messages.h"
#include "span.h"

struct names;

enum pair_state {
	PAIR_UNKNOWN,		/* no live name */
	PAIR_ALL_BLOCKED,
	PAIR_MIXED,
	PAIR_ALL_WANTED,
};

struct names_bounds {
	uint32_t names;		/* LIMIT_NAMES_LEARNED */
	uint32_t pair_names;	/* LIMIT_PAIR_NAMES */
	uint32_t client_pairs;	/* LIMIT_CLIENT_PAIRS */
	uint32_t client_names;	/* LIMIT_CLIENT_NAMES */
	uint32_t bytes;		/* LIMIT_NAMES_BYTES: text of names, what is shared counted once */
	uint32_t client_bytes;	/* LIMIT_CLIENT_NAMES_BYTES: of one client, what is shared counted each time */
};

/* what became of a pair and of its address */
struct names_change {
	struct client client;	/* kind CLIENT_NONE: a host of rules.yaml that was resolved ahead */
	struct addr addr;	/* port_be 0 */
	enum pair_state before;	/* as it was last told; ALL_BLOCKED also where names_pair() may have said so since, by time alone */
	enum pair_state after;
	bool was_suspect;	/* the address carried a blocked name of any client, as last told */
	bool suspect;
	uint64_t remaining_ms;	/* until the last live name of the pair expires; 0 when UNKNOWN.  ALL_BLOCKED lasts that long. */
	uint64_t suspect_ms;	/* until the last blocked name on the address expires, at most; 0 when not suspect */
};
/* names_on_change - hears of each pair whose state, or whose address's suspicion, changed by eviction, expiry or
 * review; not of the one that names_learn() was called for.  @ch is lent.  It must not call the table. */
typedef void names_on_change(void *arg, const struct names_change *ch);

/* names_bounds_default - the bounds of limits.h */
struct names_bounds names_bounds_default(void);
/* names_new - an empty table
 * @b:    bounds, each at least 1 (copied)
 * @seed: random, so that nobody can choose names or addresses that collide
 * Returns it, or NULL without memory. */
struct names *names_new(const struct names_bounds *b, uint64_t seed, names_on_change *on_change, void *arg);
void names_free(struct names *n);

/* A chain of names in one span: each name one byte of length and that many bytes, the question's first
 * (the form of struct msg_dns_read).  chain_next - take the first name off @rest; false: at the end, or malformed
 * (then @rest is not empty). */
static inline bool chain_next(struct span *rest, struct span *name)
{
	size_t len;

	if (rest->len == 0)
		return false;
	len = (uint8_t)rest->p[0];
	if (len >= rest->len)
		return false;
	*name = (struct span){ rest->p + 1, len };
	*rest = span_skip(*rest, 1 + len);
	return true;
}

enum { NAMES_CHAIN_BYTES = 17 * 254 };	/* of a longest chain: the question and 16 CNAMEs */

struct names_answer {
	struct client client;		/* CLIENT_NONE: nobody's; makes the address suspect, refuses nobody */
	struct addr client_ip;		/* who asked, for rules with groups; family 0 unknown */
	struct span chain;		/* question first (copied) */
	uint32_t ttl_s;			/* clamped to NAME_TTL_FLOOR and NAME_TTL_CEILING */
	uint32_t origin;		/* of the rule that blocks (verdict.origin); else 0 */
	bool blocked;			/* any name of the chain is */
};
enum names_learned { NAMES_LEARNED, NAMES_MALFORMED, NAMES_NO_MEMORY };

/* names_learn - this answer gives this address
 * @a:       what was answered (copied)
 * @addr:    one address of it (port ignored)
 * @now_ms:  clock_ms()
 * @ch:      filled when LEARNED
 * @evicted: increased by the number of names forgotten for lack of room
 *
 * The question's name already known at the pair: its chain, flag and origin become the new ones, its expiry the later of both.
 * Returns NAMES_LEARNED; MALFORMED: the chain is empty, over NAMES_CHAIN_BYTES or broken; or NO_MEMORY, and nothing changed
 * except what was evicted. */
enum names_learned names_learn(struct names *n, const struct names_answer *a, const struct addr *addr,
			       uint64_t now_ms, struct names_change *ch, uint32_t *evicted);

struct names_pair {
	enum pair_state state;
	uint64_t longest_ms;	/* until the last live name expires; 0 when UNKNOWN */
	uint64_t shortest_ms;	/* until the first does */
	uint32_t origin;	/* of the blocked name that lives longest; 0 when none is */
	struct span name;	/* that name (the question's); else the wanted one that lives longest.  Lent until the next call */
};
/* names_pair - what the table knows of a client at an address (port ignored); names past their time do not count
 * Returns the state, which also is in @out; @out is always filled. */
enum pair_state names_pair(const struct names *n, const struct client *client, const struct addr *addr,
			   uint64_t now_ms, struct names_pair *out);
/* names_suspect - does the address carry a blocked name, of any client?  Returns ms until that ends, at
 * most (early ends are not looked for here); 0: no. */
uint64_t names_suspect(const struct names *n, const struct addr *addr, uint64_t now_ms);

/* names_expire - forget up to @max names whose time has come, and tell of the changes
 * Returns how many; @max: there may be more.  names_next_ms - when the next one is due; 0: the table is empty. */
uint32_t names_expire(struct names *n, uint64_t now_ms, uint32_t max);
uint64_t names_next_ms(const struct names *n);

/* names_judge - is this answer blocked now?  (all borrowed; @origin: fill when it is).  It must not call the table. */
typedef bool names_judge(void *arg, const struct client *client, const struct addr *client_ip,
			 const struct addr *addr, struct span chain, uint32_t *origin);
/* names_review - judge the names of some pairs anew (after a reload, or at the boundary of a schedule) and tell of the changes
 * @from:  0 to begin, then what the last call returned
 * @pairs: look at about so many in this call
 * Returns where to go on, or 0 at the end.  Names learned between the calls are judged by their learner. */
uint32_t names_review(struct names *n, uint32_t from, uint32_t pairs, uint64_t now_ms, names_judge *judge, void *arg);
/* names_each - tell @fn of every pair as it stands, changed or not (before == after), to fill empty kernel sets; @from,
 * @pairs and the result as in names_review().  @fn must not call the table. */
uint32_t names_each(struct names *n, uint32_t from, uint32_t pairs, uint64_t now_ms, names_on_change *fn, void *arg);

/* names_tell - tell @fn of every name: whose, of which address, its chain, and the seconds it lives.  Not of pairs that had no
 * room for all of theirs: half of what is known of a pair could refuse a wanted host.  Stops where @fn returns false. */
typedef bool names_on_name(void *arg, const struct client *client, const struct addr *client_ip, const struct addr *addr,
			   struct span chain, uint32_t ttl_s);
void names_tell(struct names *n, uint64_t now_ms, names_on_name *fn, void *arg);

/* names_count - live and not yet expired names in the table */
uint32_t names_count(const struct names *n);

#endif
