/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_dns - DNS packets to the reader, and held until what an answer causes is done
 *
 * A held answer: held_add -> MSG_DNS to the reader -> MSG_DNS_READ -> learned_answer -> position in the stream of set
 * changes -> SETS_DONE passes it -> released.  The DNS queue holds packets, so it never uses VERDICT_BATCH.
 * An answer released late keeps its entry in struct held until the reader's word is learned all the same.
 */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "container.h"
#include "counters.h"
#include "ip_pkt.h"
#include "ipc.h"
#include "limits.h"
#include "queue_parts.h"
#include "reached.h"

enum {
	/* the longest DNS message, by UDP or TCP */
	QUEUE_MESSAGE = LIMIT_QUEUE_COPY_BYTES > LIMIT_DNS_STREAM_BYTES ? LIMIT_QUEUE_COPY_BYTES : LIMIT_DNS_STREAM_BYTES,
};

static void queue_release(struct queue *q, struct held_packet *h)
{
	if (h->waiting && h->changed)
		queue_rewrite_verdict(q, h);
	else if (h->waiting)
		nfq_verdict(q->dns, h->id, NFQ_ACCEPT);
	held_release(q->held, h);
}

void queue_dns_arm(struct queue *q)
{
	const struct held_packet *h = held_oldest(q->held);
	uint64_t now_ms, due_ms;

	if (!h) {
		ev_timer_stop(q->child->loop, &q->due);
		return;
	}
	if (ev_is_active(&q->due))
		return;		/* at most early: then armed again */
	now_ms = clock_ms();
	due_ms = h->since_ms + LIMIT_DNS_HOLD_MS;
	ev_now_update(q->child->loop);
	ev_timer_set(&q->due, due_ms > now_ms ? (double)(due_ms - now_ms) / 1000 : 0., 0.);
	ev_timer_start(q->child->loop, &q->due);
}

static void queue_dns_on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct queue *q = CONTAINER_OF(w, struct queue, due);
	uint64_t now_ms = clock_ms();
	struct held_packet *h;

	(void)loop, (void)revents;
	while ((h = held_oldest(q->held)) && now_ms - h->since_ms >= LIMIT_DNS_HOLD_MS) {
		count(COUNTER_DNS_LATE);
		reached(LIMIT_ID_DNS_HOLD_MS, &h->client_ip);
		queue_release(q, h);
	}
	held_age(q->held, now_ms - LIMIT_DNS_QUERY_MS);
	nfq_flush(q->dns);
	queue_dns_arm(q);
}

static int queue_tell_reader(struct queue *q, const struct msg_dns *head, struct span message)
{
	char body[sizeof(*head) + QUEUE_MESSAGE];

	if (q->peer < 0)
		return -EPIPE;
	memcpy(body, head, sizeof(*head));
	memcpy(body + sizeof(*head), message.p, message.len);
	return ipc_send(q->peer, MSG_DNS, 0, body, sizeof(*head) + message.len, -1);
}

/* queue_query - who asks, and what; the packet is not to be held */
static void queue_query(struct queue *q, const struct nfq_packet *p, const struct ip_pkt *ip)
{
	struct msg_dns head = {
		.client = queue_client(p, &ip->src), .client_ip = ip->src, .server_ip = ip->dst,
	};

	bool forgot = false;

	count(COUNTER_DNS_QUERIES);
	if (head.client.kind == CLIENT_HW)
		forgot = clients_learn(q->clients, &ip->src, head.client.hw);
	else if (head.client.kind == CLIENT_IP)
		clients_forget(q->clients, &ip->src);
	if (forgot)
		reached(LIMIT_ID_CLIENTS, &ip->src);
	/* when the reader does not take it, the answer will not be learned */
	queue_tell_reader(q, &head, ip->payload);
}

/* queue_answer - an answer to the reader; true: the packet is held until it was learned
 * @at: where it begins in the packet's payload (tcp_dns.h)
 * @hold: false: another message of the same packet is what it waits for
 * @behind: it waits for what the answers before it cause, too
 * @token: filled with that of its entry; 0: there is none */
static bool queue_answer(struct queue *q, const struct nfq_packet *p, const struct ip_pkt *ip, size_t at, bool hold, bool behind,
			 uint32_t *token)
{
	struct msg_dns head = { .client_ip = ip->dst, .server_ip = ip->src, .is_answer = 1 };
	struct held_packet *h = held_add(q->held, p->id, clock_ms());

	*token = 0;
	if (!h) {
		count(COUNTER_DNS_LATE);
		reached(LIMIT_ID_DNS_HELD, &ip->src);
		return false;
	}
	if (p->hook == NFQ_HOOK_INPUT)
		h->client.kind = CLIENT_SELF;
	else
		h->client = clients_find(q->clients, &ip->dst);
	h->client_ip = ip->dst;
	h->server_ip = ip->src;
	h->behind = behind;
	queue_rewrite_keep(q, h, p, ip, at, hold);
	head.packet_id = h->token;
	head.client = h->client;
	head.edit = h->edit;
	if (!hold)
		held_release(q->held, h);
	if (queue_tell_reader(q, &head, ip->payload) < 0) {
		count(COUNTER_DNS_LATE);
		held_drop(q->held, h);
		return false;
	}
	*token = h->token;
	return hold;
}

/* a TCP packet on its way through tcp_dns */
struct queue_segment {
	struct queue *queue;
	const struct nfq_packet *packet;
	struct ip_pkt ip;		/* its payload: one message */
	bool held;			/* by the last of its answers */
	unsigned answers;
	uint32_t token[LIMIT_DNS_PACKET_MESSAGES];	/* of the answers */
};

static void queue_on_message(void *ctx, struct span message, size_t at, bool last)
{
	struct queue_segment *s = ctx;

	s->ip.payload = message;
	if (!tcp_dns_is_answer(&s->ip.src, &s->ip.dst, s->ip.payload)) {
		queue_query(s->queue, s->packet, &s->ip);
		return;
	}
	s->held = queue_answer(s->queue, s->packet, &s->ip, at, last, s->answers > 0, &s->token[s->answers]);
	s->answers++;
}

/* queue_tcp - of a segment that completes answers the last one holds it: words and set changes come in order */
static bool queue_tcp(struct queue *q, const struct nfq_packet *p, const struct ip_pkt *ip)
{
	struct queue_segment s = { .queue = q, .packet = p, .ip = *ip };

	if (ip->cut)
		reached(LIMIT_ID_QUEUE_COPY_BYTES, &ip->src);
	tcp_dns_packet(q->tcp, ip, clock_ms(), queue_on_message, &s);
	for (unsigned i = 0; s.held && i < s.answers; i++) {
		struct held_packet *h = held_find(q->held, s.token[i]);

		if (h)
			h->carrier = s.token[s.answers - 1];
	}
	return s.held;
}

void queue_dns_on_packet(void *ctx, const struct nfq_packet *p)
{
	struct queue *q = ctx;
	struct ip_pkt ip;
	enum ip_pkt_result is = ip_pkt_parse(p->payload, &ip);
	bool held = false;
	uint32_t token;

	if (is == IP_PKT_TCP) {
		held = queue_tcp(q, p, &ip);
	} else if (is != IP_PKT_UDP || ip.fragment || ip.cut || ip.payload.len > LIMIT_QUEUE_COPY_BYTES) {
		count(COUNTER_DNS_BAD);
		if (is == IP_PKT_UDP && (ip.cut || ip.payload.len > LIMIT_QUEUE_COPY_BYTES))
			reached(LIMIT_ID_QUEUE_COPY_BYTES, &ip.src);
	} else if (tcp_dns_is_answer(&ip.src, &ip.dst, ip.payload)) {
		held = queue_answer(q, p, &ip, 0, true, false, &token);
	} else {
		queue_query(q, p, &ip);
	}
	if (!held)
		nfq_verdict(q->dns, p->id, NFQ_ACCEPT);
}

void queue_dns_on_read(struct queue *q, const struct word *w)
{
	struct held_packet *h = held_find(q->held, w->head.packet_id);
	bool refused = false;

	if (!h || h->until != UINT64_MAX)
		return;
	h->until = 0;
	if (w->head.what == DNS_READ_ANSWER) {
		count_add(COUNTER_DNS_ANSWERS, w->head.addrs > 0);
		/* whose answer it is was seen in the packet; the word's own client is not asked */
		h->until = learned_answer(q->learned, &h->client, &h->client_ip, &h->server_ip, w->chain, w->addr,
					  w->head.addrs, w->head.ttl_s);
		refused = learned_edits(q->learned) && queue_rewrite(q, h, w);
	}
	if (h->until > q->caused)
		q->caused = h->until;
	if (h->behind)
		h->until = q->caused;		/* words come in order: theirs were before this one */
	else if (refused)
		h->until = 0;			/* nobody gets to know its addresses */
	if (!h->waiting || h->until <= learned_position(q->learned)) {
		queue_release(q, h);
		held_drop(q->held, h);
	}
}

void queue_dns_let_go(struct queue *q, bool reader_is_gone)
{
	uint64_t done = learned_position(q->learned);
	struct held_packet *h, *next;

	for (h = held_oldest(q->held); h; h = next) {
		next = held_next(q->held, h);
		if (h->until == UINT64_MAX && reader_is_gone)
			count(COUNTER_DNS_LATE);
		else if (h->until == UINT64_MAX || h->until > done)
			continue;
		queue_release(q, h);
		held_drop(q->held, h);
	}
	nfq_flush(q->dns);
	queue_dns_arm(q);
}

bool queue_dns_init(struct queue *q, uint64_t seed)
{
	ev_timer_init(&q->due, queue_dns_on_due, 0., 0.);
	q->held = held_new(LIMIT_DNS_HELD);
	q->tcp = tcp_dns_new(seed);
	return q->held && q->tcp;
}

void queue_dns_release(struct queue *q)
{
	struct held_packet *h;

	while (q->held && (h = held_oldest(q->held)))
		queue_release(q, h);
	if (q->dns)
		nfq_flush(q->dns);
	ev_timer_stop(q->child->loop, &q->due);
}

void queue_dns_fini(struct queue *q)
{
	queue_dns_release(q);
	held_free(q->held);
	tcp_dns_free(q->tcp);
}
