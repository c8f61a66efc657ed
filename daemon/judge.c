/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge - decisions about connections by address, and the set elements that follow from them */
#include "judge.h"

#include <string.h>

#include "limits.h"

enum { UNLEARNED_PAIR_S = LIMIT_NAME_TTL_FLOOR };	/* s; no name stands behind it, so it is asked again soon */

struct station station_of(const struct client *client, const struct addr *ip)
{
	struct station s = { .ip = *ip, .hw_known = client->kind == CLIENT_HW };

	if (s.hw_known)
		memcpy(s.hw, client->hw, sizeof(s.hw));
	return s;
}

bool judge_chain(const struct rules *r, const struct station *client, const struct addr *addr, struct span chain,
		 uint16_t minute, uint32_t *origin)
{
	struct span name;

	while (chain_next(&chain, &name)) {
		struct verdict v = rules_connection(r, client, addr, name, minute);

		if (v.action == ACT_ALLOW)
			return false;
		if (v.action == ACT_BLOCK) {
			*origin = v.origin;
			return true;
		}
	}
	return false;
}

static struct judgement judge_unlearned(const struct rules *r, const struct names *names, const struct station *src,
					const struct addr *dst, uint16_t minute, uint64_t now_ms)
{
	static const struct client nobody;
	struct names_pair ahead;
	struct verdict v = rules_connection(r, src, dst, (struct span){ "", 0 }, minute);

	if (v.action != ACT_BLOCK && rules_gateway(r)->unlearned == UNLEARNED_REFUSE) {
		names_pair(names, &nobody, dst, now_ms, &ahead);
		if (ahead.state == PAIR_ALL_BLOCKED || ahead.state == PAIR_MIXED)
			v = rules_connection(r, src, dst, ahead.name, minute);
	}
	if (v.action != ACT_BLOCK)
		return (struct judgement){ 0 };
	return (struct judgement){
		.refuse = true, .unlearned = true, .pair_s = UNLEARNED_PAIR_S, .origin = v.origin,
	};
}

/* refused_s - how long the kernel may refuse a pair whose names live for @ms: rounded down, so that
 * it never outlives them; 0: not at all */
static uint32_t refused_s(uint64_t ms)
{
	return ms / 1000 > LIMIT_REFUSED_SECONDS ? LIMIT_REFUSED_SECONDS : (uint32_t)(ms / 1000);
}

struct judgement judge_first(const struct rules *r, const struct names *names, const struct client *client,
			     const struct addr *src, const struct addr *dst, uint16_t minute, uint64_t now_ms)
{
	struct station who = station_of(client, src);
	struct names_pair pair;

	switch (names_pair(names, client, dst, now_ms, &pair)) {
	case PAIR_ALL_BLOCKED:
		return (struct judgement){
			.refuse = true, .pair_s = refused_s(pair.longest_ms), .origin = pair.origin,
		};
	case PAIR_MIXED:
	case PAIR_ALL_WANTED:
		return (struct judgement){ 0 };
	case PAIR_UNKNOWN:
		break;
	}
	return judge_unlearned(r, names, &who, dst, minute, now_ms);
}

struct judgement judge_hello(const struct rules *r, const struct names *names, const struct client *client, const struct addr *src,
			     const struct addr *dst, struct span name, bool outer, uint16_t minute, uint64_t now_ms)
{
	struct station who = station_of(client, src);
	struct verdict v = { .action = ACT_PASS };

	if (name.len)
		v = rules_connection(r, &who, dst, name, minute);
	if (v.action == ACT_BLOCK)
		return (struct judgement){ .refuse = true, .origin = v.origin };
	if (v.action == ACT_ALLOW || (name.len && !outer))
		return (struct judgement){ 0 };
	return judge_first(r, names, client, src, dst, minute, now_ms);
}

size_t judge_sets(const struct names_change *ch, enum setplan plan, bool maybe_refused, struct msg_set out[SETPLAN_MAX])
{
	bool renew = plan != SETPLAN_CHANGE;
	uint32_t pair_s = refused_s(ch->remaining_ms);
	size_t n = 0;

	if (ch->suspect && (renew || !ch->was_suspect))
		/* rounded up: as long as a blocked name lives somebody must look at the address */
		out[n++] = (struct msg_set){ .op = SET_ADD, .set = SET_SUSPECT, .addr = ch->addr,
					     .timeout_s = (uint32_t)((ch->suspect_ms + 999) / 1000) };
	else if (!ch->suspect && ch->was_suspect)
		out[n++] = (struct msg_set){ .op = SET_DELETE, .set = SET_SUSPECT, .addr = ch->addr };
	/* a client known by its IP address connects to one family only; what it asks for the other is no pair */
	if (ch->client.kind == CLIENT_NONE ||
	    (ch->client.kind == CLIENT_IP && ch->client.ip.family != ch->addr.family))
		return n;
	if (ch->after == PAIR_ALL_BLOCKED) {
		if ((renew || ch->before != PAIR_ALL_BLOCKED) && pair_s)
			out[n++] = (struct msg_set){ .op = SET_ADD, .set = SET_REFUSED, .addr = ch->addr,
						     .client = ch->client, .timeout_s = pair_s };
	} else if (ch->before == PAIR_ALL_BLOCKED ||
		   (ch->before == PAIR_UNKNOWN && ch->after != PAIR_UNKNOWN && maybe_refused)) {
		out[n++] = (struct msg_set){ .op = SET_DELETE, .set = SET_REFUSED, .addr = ch->addr,
					     .client = ch->client };
	}
	return n;
}
