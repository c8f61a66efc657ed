/* SPDX-License-Identifier: GPL-3.0-or-later */
/* learned - in the queue process: the names learned, and the kernel's sets following them
 *
 * Owns the table of names, the rules it is judged by, and the stream of set changes to the
 * monitor.  Whoever must wait until the kernel has what an answer causes waits for a
 * position in that stream (setbox).  Knows nothing of packets.
 *
 * After new rules, and when the monitor says that the table was loaded anew (it sends RULES again), all names are
 * judged anew and the sets are filled from nothing; at the boundary of a schedule only differences are
 * sent.  Both in small steps, so that heartbeats and packets get their turn.
 */
#ifndef DEJUNK_LEARNED_H
#define DEJUNK_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

#include "child.h"
#include "judge.h"
#include "refusal.h"
#include "rules.h"

struct learned;

/* learned_new - @child is borrowed; NULL without memory.  @seed: random */
struct learned *learned_new(struct child *child, uint64_t seed);
void learned_free(struct learned *l);
/* learned_rules - judge by @r from now on (takes the reference).  Says READY for its generation when the sets follow it. */
void learned_rules(struct learned *l, struct rules *r);
/* learned_hand_over - write all names into @fd (borrowed), for the process that follows; 0 or a negative errno
 * learned_take - @fd (taken) is what one before has written: learned as soon as there are rules to judge by */
int learned_hand_over(struct learned *l, int fd);
void learned_take(struct learned *l, int fd);
/* learned_is_on - rules were given */
bool learned_is_on(const struct learned *l);
/* learned_drops - refuse with silence (gateway.refuse_with)? */
bool learned_drops(const struct learned *l);

/* learned_answer - a DNS answer that @client asked for
 * @client:  kind CLIENT_NONE: a host of rules.yaml that was resolved ahead
 * @resolver: who answered, or NULL; never learned as an address: whoever owns a blocked name could else point it at
 *           the resolver that this client lives by
 * @chain:   names, question first (chain_next); @addr, @n: addresses; those that are not public are left out
 *
 * Returns the position to wait for, or 0: no set changes, nothing to wait for. */
uint64_t learned_answer(struct learned *l, const struct client *client, const struct addr *client_ip,
			const struct addr *resolver, struct span chain, const struct addr *addr, size_t n,
			uint32_t ttl_s);
/* learned_edits - do the rules ask for answers to be rewritten?
 * learned_strips - without ech?
 * learned_refuses - is this one to be refused? (refusal.h; @chain, @addr, @n as above, @links: refusal_asked.links) */
bool learned_edits(const struct learned *l);
bool learned_strips(const struct learned *l);
enum refusal learned_refuses(const struct learned *l, const struct client *client, const struct addr *client_ip,
			     struct span chain, unsigned links, const struct addr *addr, size_t n);
/* learned_first - a first packet at a suspect address; true: refuse it.  The kernel is told to refuse the next by itself. */
bool learned_first(struct learned *l, const struct client *client, const struct addr *src, const struct addr *dst);

/* learned_hello - a ClientHello of this server name (judge_hello); true: refuse the connection */
bool learned_hello(const struct learned *l, const struct client *client, const struct addr *src, const struct addr *dst,
		   struct span name, bool outer);

/* learned_flush - send the changes collected, as far as the monitor takes them; call it after each batch of work */
void learned_flush(struct learned *l);
/* learned_done - SETS_DONE came: @seq, @error of it
 * learned_position - all changes up to here were answered for */
void learned_done(struct learned *l, uint32_t seq, int error);
uint64_t learned_position(const struct learned *l);

#endif
