/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue - first packets and DNS, from the kernel's queues to their verdicts
 *
 * Theory of operation.  Each wake-up takes one batch of packets from one queue, one batch of words from
 * the reader, or one message from the monitor, so that no flood starves another.  Set changes collected on the
 * way leave at the end of a batch (learned_flush), and the verdicts in one send (nfq_flush).
 *
 * A held answer: held_add -> MSG_DNS to the reader -> MSG_DNS_READ -> learned_answer -> position in the stream of set
 * changes -> SETS_DONE passes it -> released.  The DNS queue holds packets, so it never uses VERDICT_BATCH.
 * An answer released late keeps its entry in struct held until the reader's word is learned all the same.
 */
#include "queue.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "container.h"
#include "counters.h"
#include "held.h"
#include "ip_pkt.h"
#include "ipc.h"
#include "limits.h"
#include "log.h"
#include "reached.h"
#include "tcp_dns.h"
#include "nfq.h"
#include "word.h"

enum {
	QUEUE_SYN_BYTES = 128,		/* copied of a first packet: the headers */
	QUEUE_WORDS = 32,		/* of the reader, taken before other watchers get their turn */
	/* the longest DNS message, by UDP or TCP */
	QUEUE_MESSAGE = LIMIT_QUEUE_COPY_BYTES > LIMIT_DNS_STREAM_BYTES ? LIMIT_QUEUE_COPY_BYTES : LIMIT_DNS_STREAM_BYTES,
};

struct queue {
	struct child *child;
	struct learned *learned;
	struct nfq *syn, *dns;
	struct clients *clients;
	struct held *held;
	struct tcp_dns *tcp;
	uint64_t caused;		/* position of the last set change that an answer caused */
	uint32_t mark_refuse;
	int peer;			/* the reader, or -1 */
	ev_io syn_io, dns_io, peer_io;
	ev_timer due;			/* the oldest held packet is */
};

/* --- first packets --- */

/* queue_client - who sent this packet: the machine itself, a link-layer address, or an IP address */
static struct client queue_client(const struct nfq_packet *p, const struct addr *src)
{
	static const uint8_t none[6];
	struct client c = { .kind = CLIENT_IP };

	if (p->hook == NFQ_HOOK_OUTPUT || !p->indev) {
		c.kind = CLIENT_SELF;
	} else if (p->hw_len == sizeof(c.hw) && memcmp(p->hw, none, sizeof(none)) != 0) {
		c.kind = CLIENT_HW;
		memcpy(c.hw, p->hw, sizeof(c.hw));
	} else {
		c.ip = *src;
		c.ip.port_be = 0;
	}
	return c;
}

static void queue_on_syn(void *ctx, const struct nfq_packet *p)
{
	struct queue *q = ctx;
	struct ip_pkt ip;
	enum ip_pkt_result is = ip_pkt_parse(p->payload, &ip);
	struct client client;

	if (!(is == IP_PKT_TCP && ip_pkt_is_syn(&ip)) && is != IP_PKT_UDP) {
		nfq_verdict(q->syn, p->id, NFQ_ACCEPT);
		return;
	}
	count(COUNTER_SYNS);
	client = queue_client(p, &ip.src);
	if (!learned_first(q->learned, &client, &ip.src, &ip.dst)) {
		nfq_verdict(q->syn, p->id, NFQ_ACCEPT);
		return;
	}
	if (learned_drops(q->learned)) {
		count(COUNTER_REFUSED_SYNS);	/* where it is reset, the kernel's own counter has it */
		nfq_verdict(q->syn, p->id, NFQ_DROP);
		return;
	}
	/* a verdict's mark replaces the whole mark: keep the bits of others */
	nfq_verdict_mark(q->syn, p->id, NFQ_ACCEPT, p->mark | q->mark_refuse);
}

/* --- DNS --- */

static void queue_release(struct queue *q, struct held_packet *h)
{
	if (h->waiting)
		nfq_verdict(q->dns, h->id, NFQ_ACCEPT);
	held_release(q->held, h);
}

static void queue_arm(struct queue *q)
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

static void queue_on_due(struct ev_loop *loop, ev_timer *w, int revents)
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
	queue_arm(q);
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
 * @hold: false: another message of the same packet is what it waits for
 * @behind: it waits for what the answers before it cause, too */
static bool queue_answer(struct queue *q, const struct nfq_packet *p, const struct ip_pkt *ip, bool hold, bool behind)
{
	struct msg_dns head = { .client_ip = ip->dst, .server_ip = ip->src, .is_answer = 1 };
	struct held_packet *h = held_add(q->held, p->id, clock_ms());

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
	head.packet_id = h->token;
	head.client = h->client;
	if (!hold)
		held_release(q->held, h);
	if (queue_tell_reader(q, &head, ip->payload) < 0) {
		count(COUNTER_DNS_LATE);
		held_drop(q->held, h);
		return false;
	}
	return hold;
}

/* a TCP packet on its way through tcp_dns */
struct queue_segment {
	struct queue *queue;
	const struct nfq_packet *packet;
	struct ip_pkt ip;		/* its payload: one message */
	bool held, answered;		/* it is; a message of it was an answer */
};

static void queue_on_message(void *ctx, struct span message, bool last)
{
	struct queue_segment *s = ctx;

	s->ip.payload = message;
	if (!tcp_dns_is_answer(&s->ip.src, &s->ip.dst, s->ip.payload)) {
		queue_query(s->queue, s->packet, &s->ip);
		return;
	}
	s->held = queue_answer(s->queue, s->packet, &s->ip, last, s->answered) || s->held;
	s->answered = true;
}

/* queue_tcp - of a segment that completes answers the last one holds it: words and set changes come in order */
static bool queue_tcp(struct queue *q, const struct nfq_packet *p, const struct ip_pkt *ip)
{
	struct queue_segment s = { .queue = q, .packet = p, .ip = *ip };

	if (ip->cut)
		reached(LIMIT_ID_QUEUE_COPY_BYTES, &ip->src);
	tcp_dns_packet(q->tcp, ip, clock_ms(), queue_on_message, &s);
	return s.held;
}

static void queue_on_dns(void *ctx, const struct nfq_packet *p)
{
	struct queue *q = ctx;
	struct ip_pkt ip;
	enum ip_pkt_result is = ip_pkt_parse(p->payload, &ip);
	bool held = false;

	if (is == IP_PKT_TCP) {
		held = queue_tcp(q, p, &ip);
	} else if (is != IP_PKT_UDP || ip.fragment || ip.cut || ip.payload.len > LIMIT_QUEUE_COPY_BYTES) {
		count(COUNTER_DNS_BAD);
		if (is == IP_PKT_UDP && (ip.cut || ip.payload.len > LIMIT_QUEUE_COPY_BYTES))
			reached(LIMIT_ID_QUEUE_COPY_BYTES, &ip.src);
	} else if (tcp_dns_is_answer(&ip.src, &ip.dst, ip.payload)) {
		held = queue_answer(q, p, &ip, true, false);
	} else {
		queue_query(q, p, &ip);
	}
	if (!held)
		nfq_verdict(q->dns, p->id, NFQ_ACCEPT);
}

/* --- the reader's words --- */

static void queue_on_read(struct queue *q, const struct word *w)
{
	struct held_packet *h = held_find(q->held, w->head.packet_id);

	if (!h || h->until != UINT64_MAX)
		return;
	h->until = 0;
	if (w->head.what == DNS_READ_ANSWER) {
		count(COUNTER_DNS_ANSWERS);
		/* whose answer it is was seen in the packet; the word's own client is not asked */
		h->until = learned_answer(q->learned, &h->client, &h->client_ip, &h->server_ip, w->chain, w->addr,
					  w->head.addrs, w->head.ttl_s);
	}
	if (h->until > q->caused)
		q->caused = h->until;
	else if (h->behind)
		h->until = q->caused;		/* words come in order: theirs were before this one */
	if (!h->waiting || h->until <= learned_position(q->learned)) {
		queue_release(q, h);
		held_drop(q->held, h);
	}
}

static void queue_on_word(struct queue *q, const struct ipc_message *m)
{
	static const struct client nobody;
	static const struct addr nowhere;
	static unsigned long long told;
	struct word w;

	if (m->head.type != MSG_DNS_READ && m->head.type != MSG_HOST)
		return;
	if (!word_read((struct span){ (const char *)m->body, m->len }, &w)) {
		if (log_once(&told, 60000))
			log_error("the reader said something malformed");
		return;		/* a packet it was about is released when its time is over */
	}
	if (m->head.type == MSG_DNS_READ)
		queue_on_read(q, &w);
	else
		learned_answer(q->learned, &nobody, &nowhere, NULL, w.chain, w.addr, w.head.addrs, w.head.ttl_s);
}

static void queue_on_peer(struct ev_loop *loop, ev_io *w, int revents)
{
	static struct ipc_message m;
	struct queue *q = CONTAINER_OF(w, struct queue, peer_io);
	int n = 1;

	(void)loop, (void)revents;
	for (int i = 0; i < QUEUE_WORDS && n > 0; i++) {
		n = ipc_recv(q->peer, &m);
		if (n <= 0)
			break;
		if (m.fd >= 0)
			close(m.fd);
		queue_on_word(q, &m);
	}
	learned_flush(q->learned);
	nfq_flush(q->dns);
	if (n <= 0 && n != -EAGAIN)
		queue_peer(q, -1);
	queue_arm(q);
}

/* queue_let_go - release what waits for nothing but the reader, or for set changes that are done */
static void queue_let_go(struct queue *q, bool reader_is_gone)
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
	queue_arm(q);
}

void queue_sets_done(struct queue *q)
{
	queue_let_go(q, false);
}

void queue_peer(struct queue *q, int fd)
{
	if (q->peer >= 0) {
		ev_io_stop(q->child->loop, &q->peer_io);
		close(q->peer);
		queue_let_go(q, true);
	}
	q->peer = fd;
	if (fd < 0)
		return;
	ev_io_init(&q->peer_io, queue_on_peer, fd, EV_READ);
	ev_io_start(q->child->loop, &q->peer_io);
}

/* --- the queues --- */

static void queue_take(struct queue *q, struct nfq *nfq, void (*on_packet)(void *, const struct nfq_packet *))
{
	static unsigned long long told;
	int n = nfq_recv(nfq, on_packet, q);

	if (n == -ENOBUFS)
		count(COUNTER_QUEUE_LOST);	/* the socket's buffer was full */
	else if (n < 0 && log_once(&told, 60000))
		log_error("receiving packets: %s", strerror(-n));
	learned_flush(q->learned);
	nfq_flush(nfq);
	queue_arm(q);
}

static void queue_on_syn_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct queue *q = CONTAINER_OF(w, struct queue, syn_io);

	(void)loop, (void)revents;
	queue_take(q, q->syn, queue_on_syn);
}

static void queue_on_dns_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct queue *q = CONTAINER_OF(w, struct queue, dns_io);

	(void)loop, (void)revents;
	queue_take(q, q->dns, queue_on_dns);
}

static struct nfq *queue_open(uint32_t number, unsigned flags, uint32_t copy_bytes)
{
	struct nfq_setup setup = {
		.number = (uint16_t)number, .flags = flags, .copy_bytes = copy_bytes, .length = LIMIT_QUEUE_LENGTH,
	};
	int err;
	struct nfq *nfq = nfq_new(&setup, &err);

	if (!nfq && err == -EBUSY)
		log_error("netfilter queue %u is in use by process %u", number, nfq_owner((uint16_t)number));
	else if (!nfq)
		log_error("netfilter queue %u: %s", number, strerror(-err));
	return nfq;
}

struct queue *queue_new(struct child *child, struct learned *learned, uint64_t seed)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->child = child;
	q->learned = learned;
	q->peer = -1;
	ev_timer_init(&q->due, queue_on_due, 0., 0.);
	q->clients = clients_new(LIMIT_CLIENTS, seed);
	q->held = held_new(LIMIT_DNS_HELD);
	q->tcp = tcp_dns_new(seed);
	if (!q->clients || !q->held || !q->tcp)
		goto fail;
	q->syn = queue_open(child->settings.queue_syn, NFQ_FAIL_OPEN | NFQ_JOINED, QUEUE_SYN_BYTES);
	q->dns = queue_open(child->settings.queue_dns, NFQ_FAIL_OPEN, LIMIT_QUEUE_COPY_BYTES);
	if (!q->syn || !q->dns)
		goto fail;
	ev_io_init(&q->syn_io, queue_on_syn_io, nfq_socket(q->syn), EV_READ);
	ev_io_init(&q->dns_io, queue_on_dns_io, nfq_socket(q->dns), EV_READ);
	ev_io_start(child->loop, &q->syn_io);
	ev_io_start(child->loop, &q->dns_io);
	queue_settings(q);
	return q;
fail:
	nfq_free(q->syn);
	nfq_free(q->dns);
	clients_free(q->clients);
	held_free(q->held);
	tcp_dns_free(q->tcp);
	free(q);
	return NULL;
}

void queue_settings(struct queue *q)
{
	q->mark_refuse = q->child->settings.mark_refuse;
}

void queue_rules(struct queue *q, const struct gateway *g)
{
	nfq_fail_open(q->syn, g->on_failure == FAILURE_PASS);
	nfq_fail_open(q->dns, g->on_failure == FAILURE_PASS);
}

void queue_free(struct queue *q)
{
	struct held_packet *h;

	if (!q)
		return;
	while ((h = held_oldest(q->held)))
		queue_release(q, h);
	nfq_flush(q->dns);
	queue_peer(q, -1);
	ev_timer_stop(q->child->loop, &q->due);
	ev_io_stop(q->child->loop, &q->syn_io);
	ev_io_stop(q->child->loop, &q->dns_io);
	nfq_free(q->syn);
	nfq_free(q->dns);
	clients_free(q->clients);
	held_free(q->held);
	tcp_dns_free(q->tcp);
	free(q);
}
