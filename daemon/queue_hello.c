/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_hello - the first data of connections to TLS ports, held until the reader knows which server they name
 *
 * Theory of operation.  Every packet of an undecided flow goes to the reader and is held; the reader answers each with
 * what is known of the flow by then, and one answer that decides it releases all of them with the same mark: the kernel
 * then refuses the flow, or asks no more about it.  Nothing is released before, not even what lies in order: another table
 * may offload a flow once one packet of it was forwarded, and the rest would never come by here.
 *
 * Whatever goes wrong releases the packets without a mark: the kernel asks again about the next one, and the reader still
 * has what came before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "container.h"
#include "counters.h"
#include "hello.h"
#include "held_flows.h"
#include "ip_pkt.h"
#include "ipc.h"
#include "limits.h"
#include "log.h"
#include "queue_parts.h"
#include "reached.h"

/* hello_verdict - on one packet, by the state of its flow; a verdict's mark replaces the whole mark: keep the bits of others */
static void hello_verdict(struct queue *q, enum held_state state, uint32_t id, uint32_t mark)
{
	if (state == HELD_REFUSE)
		nfq_verdict_mark(q->hello, id, NFQ_ACCEPT, mark | q->mark_refuse);
	else if (state == HELD_PASS)
		nfq_verdict_mark(q->hello, id, NFQ_ACCEPT, mark | q->mark_decided);
	else
		nfq_verdict(q->hello, id, NFQ_ACCEPT);
}

/* hello_release - all packets of a flow, by its state */
static void hello_release(struct queue *q, struct held_flow *f)
{
	uint32_t id, mark;

	while (held_flow_take(q->flows, f, &id, &mark))
		hello_verdict(q, f->state, id, mark);
}

/* hello_give_up - an undecided flow: its packets pass, the next one begins anew */
static void hello_give_up(struct queue *q, struct held_flow *f)
{
	count(COUNTER_HELLO_LATE);
	hello_release(q, f);
	held_flow_drop(q->flows, f);
}

static int hello_tell_reader(struct queue *q, const struct held_flow *f, const struct ip_pkt *ip)
{
	struct msg_hello head = {
		.token = f->token, .seq = ip->tcp_seq + ((ip->tcp_flags & TCP_SYN) != 0), .src = f->src, .dst = f->dst, .udp = f->udp,
	};
	char body[sizeof(head) + LIMIT_HELLO_BYTES];
	size_t n = ip->payload.len < LIMIT_HELLO_BYTES ? ip->payload.len : LIMIT_HELLO_BYTES;

	if (q->peer < 0)
		return -EPIPE;
	if (f->udp)
		head.seq = 0;
	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), ip->payload.p, n);
	return ipc_send(q->peer, MSG_HELLO, 0, body, sizeof(head) + n, -1);
}

/* hello_first - of QUIC the kernel asks here only, not about first packets, too (queue_on_syn): true: refused by its address */
static bool hello_first(struct queue *q, const struct nfq_packet *p, const struct ip_pkt *ip, const struct client *client)
{
	if (!learned_first(q->learned, client, &ip->src, &ip->dst))
		return false;
	if (learned_drops(q->learned)) {
		count(COUNTER_REFUSED_SYNS);
		nfq_verdict(q->hello, p->id, NFQ_DROP);
	} else {
		nfq_verdict_mark(q->hello, p->id, NFQ_ACCEPT, p->mark | q->mark_refuse);
	}
	return true;
}

void queue_hello_on_packet(void *ctx, const struct nfq_packet *p)
{
	struct queue *q = ctx;
	struct ip_pkt ip;
	enum ip_pkt_result is = ip_pkt_parse(p->payload, &ip);
	struct held_flow *f;
	uint64_t now_ms = clock_ms();

	if ((is != IP_PKT_TCP && is != IP_PKT_UDP) || ip.payload.len == 0) {
		nfq_verdict(q->hello, p->id, NFQ_ACCEPT);
		return;
	}
	count(COUNTER_HELLO_PACKETS);
	held_flows_age(q->flows, now_ms);
	f = held_flow_find(q->flows, is == IP_PKT_UDP, &ip.src, &ip.dst);
	if (f && f->state >= HELD_PASS) {
		hello_verdict(q, f->state, p->id, p->mark);
		return;
	}
	if (!f) {
		struct client client = queue_client(p, &ip.src);

		if (is == IP_PKT_UDP && hello_first(q, p, &ip, &client))
			return;
		f = held_flow_add(q->flows, is == IP_PKT_UDP, &ip.src, &ip.dst, &client, now_ms);
	}
	if (!f || !held_flow_hold(q->flows, f, p->id, p->mark)) {
		reached(!f ? LIMIT_ID_HELLO_FLOWS : f->packets == LIMIT_HELLO_FLOW_PACKETS ? LIMIT_ID_HELLO_FLOW_PACKETS :
			LIMIT_ID_HELLO_HELD, &ip.src);
		nfq_verdict(q->hello, p->id, NFQ_ACCEPT);
		if (f)
			hello_give_up(q, f);
		return;
	}
	if (hello_tell_reader(q, f, &ip) < 0)
		hello_give_up(q, f);
}

static void hello_decide(struct queue *q, struct held_flow *f, const struct msg_hello_read *w)
{
	struct span name = { w->name, w->name_len };
	bool refuse = learned_hello(q->learned, &f->client, &f->src, &f->dst, name, w->ech);

	if (refuse)
		count(f->udp ? COUNTER_REFUSED_QUIC : COUNTER_REFUSED_TLS);
	if (refuse && log_level() >= LOG_LEVEL_DEBUG) {
		char src[ADDR_TEXT], dst[ADDR_TEXT];

		log_debug("refused %s from %s to %s: %.*s", f->udp ? "QUIC" : "TLS", addr_format_port(&f->src, src),
			  addr_format_port(&f->dst, dst), SPAN_FMT(name));
	}
	held_flow_enter(q->flows, f, refuse ? HELD_REFUSE : HELD_PASS, clock_ms());
	hello_release(q, f);
}

void queue_hello_on_read(struct queue *q, struct span body)
{
	static unsigned long long told;
	struct msg_hello_read w;
	struct held_flow *f;

	if (body.len == sizeof(w))
		memcpy(&w, body.p, sizeof(w));
	if (body.len != sizeof(w) || w.what >= HELLO_WHATS || w.name_len > sizeof(w.name)) {
		if (log_once(&told, 60000))
			log_error("the reader said something malformed");
		return;
	}
	f = held_flow_named(q->flows, w.token);
	if (!f || f->state >= HELD_PASS)
		return;
	switch ((enum hello_what)w.what) {
	case HELLO_MORE:
		held_flow_enter(q->flows, f, HELD_MORE, clock_ms());
		break;
	case HELLO_ODD:
		if (f->state == HELD_ASKED)
			held_flow_enter(q->flows, f, HELD_ODD, clock_ms());
		break;
	case HELLO_NAME:
	case HELLO_NAMELESS:
		hello_decide(q, f, &w);
		break;
	default:
		held_flow_enter(q->flows, f, HELD_PASS, clock_ms());
		hello_release(q, f);
		break;
	}
}

/* --- time ------------------------------------------------------------------------ */

void queue_hello_arm(struct queue *q)
{
	uint64_t due_ms = held_flows_due_ms(q->flows), now_ms;

	if (due_ms == UINT64_MAX) {
		ev_timer_stop(q->child->loop, &q->hello_due);
		return;
	}
	if (ev_is_active(&q->hello_due))
		return;		/* at most early: then armed again */
	now_ms = clock_ms();
	ev_now_update(q->child->loop);
	ev_timer_set(&q->hello_due, due_ms > now_ms ? (double)(due_ms - now_ms) / 1000 : 0., 0.);
	ev_timer_start(q->child->loop, &q->hello_due);
}

static void queue_hello_on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct queue *q = CONTAINER_OF(w, struct queue, hello_due);
	uint64_t now_ms = clock_ms();
	struct held_flow *f;

	(void)loop, (void)revents;
	while ((f = held_flows_due(q->flows, now_ms))) {
		if (f->state == HELD_ODD) {
			count(COUNTER_HELLO_ODD);
			held_flow_enter(q->flows, f, HELD_PASS, now_ms);
			hello_release(q, f);
		} else {
			reached(LIMIT_ID_HELLO_HOLD_MS, &f->src);
			hello_give_up(q, f);
		}
	}
	nfq_flush(q->hello);
	queue_hello_arm(q);
}

void queue_hello_let_go(struct queue *q)
{
	struct held_flow *f;

	while ((f = held_flows_oldest(q->flows)))
		hello_give_up(q, f);
	nfq_flush(q->hello);
	queue_hello_arm(q);
}

bool queue_hello_init(struct queue *q, uint64_t seed)
{
	ev_timer_init(&q->hello_due, queue_hello_on_due, 0., 0.);
	q->flows = held_flows_new(LIMIT_HELLO_FLOWS, LIMIT_HELLO_HELD, seed);
	return q->flows;
}

void queue_hello_fini(struct queue *q)
{
	if (q->flows && q->hello)
		queue_hello_let_go(q);
	ev_timer_stop(q->child->loop, &q->hello_due);
	held_flows_free(q->flows);
}
