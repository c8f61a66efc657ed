/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_rewrite - what takes the place of a held answer: its refusal, or the same without ech
 *
 * Both were made by the reader, which has read the answer; here it is decided which one is due, by the rules, and its bytes are put
 * behind the packet's own headers.  They are not read, but for what the header of a refusal must say: a reader that was taken
 * over can deny names, and, only where the rules say "ech: strip", invent an answer.
 *
 * Of a UDP packet the headers are kept, and the new answer may have another length.  Of a TCP packet everything is kept, by the
 * last of its answers (held_packet.carrier); the new one must have the same length, or the sequence numbers of
 * the stream would not be right any more.
 */
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "dns_refuse.h"
#include "ip_edit.h"
#include "log.h"
#include "queue_parts.h"

void queue_rewrite_keep(struct queue *q, struct held_packet *h, const struct nfq_packet *p, const struct ip_pkt *ip, size_t at, bool carries)
{
	bool tcp = ip->protocol == IPPROTO_TCP;
	size_t head, bytes;

	if (!learned_edits(q->learned) || p->bytes != p->payload.len)
		return;
	head = ip_edit_head(p->payload);
	if (!head)
		return;
	if (at != TCP_DNS_ELSEWHERE) {
		h->at = (uint16_t)(head + at);
		h->len = (uint16_t)ip->payload.len;
		h->edit = tcp ? DNS_EDIT_SAME : DNS_EDIT_FREE;
	}
	if (!carries)
		return;
	bytes = tcp ? p->payload.len : head;
	h->packet = malloc(bytes);
	if (!h->packet)
		return;
	memcpy(h->packet, p->payload.p, bytes);
	h->packet_bytes = (uint32_t)bytes;
}

/* put - @message in the place of the answer @h, in the packet that @c holds; false: it has none */
static bool put(const struct held_packet *h, struct held_packet *c, struct span message)
{
	char *grown;

	if (message.len == 0 || h->edit == DNS_EDIT_NOT || !c->packet)
		return false;
	if (h->edit == DNS_EDIT_SAME) {
		if (message.len != h->len)
			return false;
	} else {
		if (message.len > h->len && message.len > DNS_REFUSE_BYTES)
			return false;
		grown = realloc(c->packet, h->at + message.len);
		if (!grown)
			return false;
		c->packet = grown;
		c->packet_bytes = (uint32_t)(h->at + message.len);
	}
	memcpy(c->packet + h->at, message.p, message.len);
	c->changed = true;
	return true;
}

static void say(const struct held_packet *h, const struct word *w, const char *what)
{
	struct span rest = w->chain, name;
	char text[ADDR_TEXT];

	if (log_level() >= LOG_LEVEL_DEBUG && chain_next(&rest, &name))
		log_debug("%s asked for %.*s: %s", addr_format(&h->client_ip, text), SPAN_FMT(name), what);
}

static bool refuse(const struct held_packet *h, struct held_packet *c, const struct word *w, enum refusal refusal)
{
	char message[WORD_MESSAGE];
	struct span refused = { message, w->refused.len };

	if (!dns_refuse_is(w->refused))
		return false;
	memcpy(message, w->refused.p, w->refused.len);
	if (refusal == REFUSAL_NO_DATA)
		dns_refuse_no_data(message);
	if (!put(h, c, refused))
		return false;
	count(COUNTER_DNS_REFUSED);
	say(h, w, refusal == REFUSAL_NO_DATA ? "answered that there is nothing of the kind" : "answered that there is no such name");
	return true;
}

bool queue_rewrite(struct queue *q, struct held_packet *h, const struct word *w)
{
	struct held_packet *c = held_find(q->held, h->carrier);
	enum refusal refusal = learned_refuses(q->learned, &h->client, &h->client_ip, w->chain, w->head.links, w->addr, w->head.addrs);
	bool strip = w->head.has_ech && learned_strips(q->learned);

	if (!c || !c->waiting)
		return false;		/* too late, and counted as that */
	if (refusal && refuse(h, c, w, refusal))
		return true;
	if (strip && put(h, c, w->stripped)) {
		count(COUNTER_ECH_STRIPPED);
		say(h, w, "answered without ech");
		strip = false;
	}
	if (refusal || strip) {
		count(COUNTER_DNS_UNCHANGED);
		say(h, w, "the answer could not be rewritten");
	}
	return false;
}

void queue_rewrite_verdict(struct queue *q, struct held_packet *h)
{
	ip_edit_mend(h->packet, h->packet_bytes);
	nfq_verdict_packet(q->dns, h->id, (struct span){ h->packet, h->packet_bytes });
}
