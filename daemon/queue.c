/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue - from the kernel's queues to their verdicts: the watchers, and first packets
 *
 * Theory of operation.  Each wake-up takes one batch of packets from one queue, one batch of words from
 * the reader, or one message from the monitor, so that no flood starves another.  Set changes collected on the
 * way leave at the end of a batch (learned_flush), and the verdicts in one send (nfq_flush).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "container.h"
#include "counters.h"
#include "ip_pkt.h"
#include "ipc.h"
#include "limits.h"
#include "log.h"
#include "queue_parts.h"

enum {
	QUEUE_SYN_BYTES = 128,		/* copied of a first packet: the headers */
	QUEUE_HEADERS = 256,		/* in front of the data of a ClientHello */
	QUEUE_RUSH = 4,			/* first packets of one batch, at which the next is given time to gather */
	QUEUE_REST_US = 12,		/* for each of them */
	QUEUE_WORDS = 32,		/* of the reader, taken before other watchers get their turn */
};

/* --- first packets --- */

struct client queue_client(const struct nfq_packet *p, const struct addr *src)
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

/* --- the reader's words --- */

static void queue_on_word(struct queue *q, const struct ipc_message *m)
{
	static const struct client nobody;
	static const struct addr nowhere;
	static unsigned long long told;
	struct word w;

	if (m->head.type == MSG_HELLO_READ) {
		queue_hello_on_read(q, (struct span){ (const char *)m->body, m->len });
		return;
	}
	if (m->head.type != MSG_DNS_READ && m->head.type != MSG_HOST)
		return;
	if (!word_read((struct span){ (const char *)m->body, m->len }, &w)) {
		if (log_once(&told, 60000))
			log_error("the reader said something malformed");
		return;		/* a packet it was about is released when its time is over */
	}
	if (m->head.type == MSG_DNS_READ)
		queue_dns_on_read(q, &w);
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
	nfq_flush(q->hello);
	if (n <= 0 && n != -EAGAIN)
		queue_peer(q, -1);
	queue_dns_arm(q);
	queue_hello_arm(q);
}

void queue_sets_done(struct queue *q)
{
	queue_dns_let_go(q, false);
}

void queue_peer(struct queue *q, int fd)
{
	if (q->peer >= 0) {
		ev_io_stop(q->child->loop, &q->peer_io);
		close(q->peer);
		queue_dns_let_go(q, true);
		queue_hello_let_go(q);
	}
	q->peer = fd;
	if (fd < 0)
		return;
	ev_io_init(&q->peer_io, queue_on_peer, fd, EV_READ);
	ev_io_start(q->child->loop, &q->peer_io);
}

/* --- the queues --- */

/* queue_rest - packets come so fast that each would wake us: let some more come, the more the faster they do.  Sleeping costs
 * less than being woken, which the sender of every packet has to do to who waits for it, and so do large batches */
static void queue_rest(int packets)
{
	struct timespec rest = { .tv_nsec = packets * QUEUE_REST_US * 1000 };

	if (packets >= QUEUE_RUSH && packets < NFQ_BATCH)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
}

/* queue_take - one batch of packets; returns how many there were */
static int queue_take(struct queue *q, struct nfq *nfq, void (*on_packet)(void *, const struct nfq_packet *))
{
	static unsigned long long told;
	int n = nfq_recv(nfq, on_packet, q);

	if (n == -ENOBUFS)
		count(COUNTER_QUEUE_LOST);	/* the socket's buffer was full */
	else if (n < 0 && log_once(&told, 60000))
		log_error("receiving packets: %s", strerror(-n));
	learned_flush(q->learned);
	nfq_flush(nfq);
	queue_dns_arm(q);
	queue_hello_arm(q);
	return n;
}

static void queue_on_syn_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct queue *q = CONTAINER_OF(w, struct queue, syn_io);

	(void)loop, (void)revents;
	queue_rest(queue_take(q, q->syn, queue_on_syn));
}

static void queue_on_dns_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct queue *q = CONTAINER_OF(w, struct queue, dns_io);

	(void)loop, (void)revents;
	queue_take(q, q->dns, queue_dns_on_packet);
}

static void queue_on_hello_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct queue *q = CONTAINER_OF(w, struct queue, hello_io);

	(void)loop, (void)revents;
	queue_take(q, q->hello, queue_hello_on_packet);
}

static struct nfq *queue_open(uint32_t number, unsigned flags, uint32_t copy_bytes, int handed)
{
	struct nfq_setup setup = {
		.number = (uint16_t)number, .flags = flags, .copy_bytes = copy_bytes, .length = LIMIT_QUEUE_LENGTH,
	};
	int err;
	struct nfq *nfq = handed >= 0 ? nfq_adopt(handed, &setup, &err) : nfq_new(&setup, &err);

	if (!nfq && err == -EBUSY)
		log_error("netfilter queue %u is in use by process %u", number, nfq_owner((uint16_t)number));
	else if (!nfq)
		log_error("netfilter queue %u: %s", number, strerror(-err));
	return nfq;
}

struct queue *queue_new(struct child *child, struct learned *learned, uint64_t seed, const int handed[HANDED_QUEUES])
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->child = child;
	q->learned = learned;
	q->peer = -1;
	q->clients = clients_new(LIMIT_CLIENTS, seed);
	if (!queue_dns_init(q, seed) || !queue_hello_init(q, seed) || !q->clients)
		goto fail;
	q->syn = queue_open(child->settings.queue_syn, NFQ_FAIL_OPEN | NFQ_JOINED, QUEUE_SYN_BYTES, handed[HANDED_SYN]);
	q->dns = queue_open(child->settings.queue_dns, NFQ_FAIL_OPEN, LIMIT_QUEUE_COPY_BYTES, handed[HANDED_DNS]);
	q->hello = queue_open(child->settings.queue_hello, NFQ_FAIL_OPEN | NFQ_GSO, LIMIT_HELLO_BYTES + QUEUE_HEADERS, handed[HANDED_HELLO]);
	if (!q->syn || !q->dns || !q->hello)
		goto fail;
	ev_io_init(&q->syn_io, queue_on_syn_io, nfq_socket(q->syn), EV_READ);
	ev_io_init(&q->dns_io, queue_on_dns_io, nfq_socket(q->dns), EV_READ);
	ev_io_init(&q->hello_io, queue_on_hello_io, nfq_socket(q->hello), EV_READ);
	ev_io_start(child->loop, &q->syn_io);
	ev_io_start(child->loop, &q->dns_io);
	ev_io_start(child->loop, &q->hello_io);
	queue_settings(q);
	return q;
fail:
	queue_dns_fini(q);
	queue_hello_fini(q);
	nfq_free(q->syn);
	nfq_free(q->dns);
	nfq_free(q->hello);
	clients_free(q->clients);
	free(q);
	return NULL;
}

void queue_settings(struct queue *q)
{
	q->mark_refuse = q->child->settings.mark_refuse;
	q->mark_decided = q->child->settings.mark_decided;
}

void queue_rules(struct queue *q, const struct gateway *g)
{
	nfq_fail_open(q->syn, g->on_failure == FAILURE_PASS);
	nfq_fail_open(q->dns, g->on_failure == FAILURE_PASS);
	nfq_fail_open(q->hello, g->on_failure == FAILURE_PASS);
}

/* no packet is taken any more, and none is held */
static void queue_end(struct queue *q)
{
	queue_peer(q, -1);
	queue_dns_release(q);
	queue_hello_let_go(q);
	ev_io_stop(q->child->loop, &q->syn_io);
	ev_io_stop(q->child->loop, &q->dns_io);
	ev_io_stop(q->child->loop, &q->hello_io);
}

int queue_hand_over(struct queue *q)
{
	const struct nfq *nfq[HANDED_QUEUES] = { [HANDED_SYN] = q->syn, [HANDED_DNS] = q->dns, [HANDED_HELLO] = q->hello };
	int err = 0;

	queue_end(q);
	for (uint32_t i = 0; i < HANDED_QUEUES && !err; i++) {
		struct msg_handed body = { .what = i };

		err = child_send(q->child, MSG_HANDED, 0, &body, sizeof(body), nfq_socket(nfq[i]));
	}
	return err;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	queue_end(q);
	queue_dns_fini(q);
	queue_hello_fini(q);
	nfq_free(q->syn);
	nfq_free(q->dns);
	nfq_free(q->hello);
	clients_free(q->clients);
	free(q);
}
