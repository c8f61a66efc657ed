/* SPDX-License-Identifier: GPL-3.0-or-later */
/* held_flows - connections whose first packets wait in a netfilter queue until it is known whom they are for
 *
 * A flow holds its packets while it is undecided, and is remembered for a while once it was decided, for packets that
 * were queued already.  An undecided flow is in one of two lines, each with its own patience (held_flows_due): what looks
 * like the beginning of something waits longer than what does not.
 *
 * Pure: no clock, no input or output; all memory is reserved by held_flows_new().
 */
#ifndef DEJUNK_HELD_FLOWS_H
#define DEJUNK_HELD_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "hash.h"
#include "messages.h"

enum held_state {
	HELD_ASKED,	/* nobody has said anything yet; long patience */
	HELD_ODD,	/* looks like nothing we know; short patience */
	HELD_MORE,	/* the beginning of something; long patience */
	HELD_PASS,	/* decided */
	HELD_REFUSE,	/* decided */
};

struct held_flow {
	/* of the first packet, for the caller */
	struct addr src, dst;	/* with ports */
	bool udp;
	struct client client;
	/* for held_flows.c; to be read */
	uint32_t token;		/* names the flow to others; never 0, not used again for a long time */
	enum held_state state;
	uint64_t since_ms;	/* it began, or entered its present line */
	uint32_t packets;	/* held now */
	uint32_t oldest, newest;	/* of them */
	uint32_t turn;
	uint32_t older, newer;	/* in its line */
	struct hash_node node;
};

struct held_flows;

/* held_flows_new - room for @max flows, and @packets packets of all together; NULL without memory.  @seed: random */
struct held_flows *held_flows_new(uint32_t max, uint32_t packets, uint64_t seed);
void held_flows_free(struct held_flows *t);
/* held_flow_find - NULL: none; held_flow_named - by token */
struct held_flow *held_flow_find(const struct held_flows *t, bool udp, const struct addr *src, const struct addr *dst);
struct held_flow *held_flow_named(struct held_flows *t, uint32_t token);
/* held_flow_add - a flow that is not there yet, ASKED; at the bound the one decided longest ago goes.
 * NULL: all of them wait */
struct held_flow *held_flow_add(struct held_flows *t, bool udp, const struct addr *src, const struct addr *dst,
				const struct client *client, uint64_t now_ms);
/* held_flow_hold - packet @id of the queue, which has this mark, waits; false: no room, @f has LIMIT_HELLO_FLOW_PACKETS, or
 * all together as many as there may be */
bool held_flow_hold(struct held_flows *t, struct held_flow *f, uint32_t id, uint32_t mark);
/* held_flow_take - the packet held longest is not held any more; false: there is none */
bool held_flow_take(struct held_flows *t, struct held_flow *f, uint32_t *id, uint32_t *mark);
/* held_flow_enter - the flow is in this state from @now_ms on
 * held_flow_drop - forget it; it holds no packets */
void held_flow_enter(struct held_flows *t, struct held_flow *f, enum held_state state, uint64_t now_ms);
void held_flow_drop(struct held_flows *t, struct held_flow *f);
/* held_flows_due - an undecided flow whose patience is over at @now_ms, or NULL; held_flows_due_ms - when the first one's
 * is, UINT64_MAX: none waits; held_flows_oldest - an undecided flow, or NULL */
struct held_flow *held_flows_due(struct held_flows *t, uint64_t now_ms);
uint64_t held_flows_due_ms(const struct held_flows *t);
struct held_flow *held_flows_oldest(struct held_flows *t);
/* held_flows_age - forget what was decided HELLO_MEMORY_MS ago */
void held_flows_age(struct held_flows *t, uint64_t now_ms);
/* held_flows_waiting - packets held of all flows */
uint32_t held_flows_waiting(const struct held_flows *t);

#endif
