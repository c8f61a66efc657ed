/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_dns - DNS messages out of TCP segments */
#include "tcp_dns.h"

#include <stdlib.h>

#include "dns_stream.h"
#include "limits.h"
#include "tcp_stream.h"

enum {
	PORT_DNS = 53,
	/* a stream's user: bytes of a message that is too long, yet to come; above them, questions not yet answered */
	SKIP = 0xffff,
	ASKED_ONE = 0x10000,
	ASKED_MOST = 1024 * ASKED_ONE,
};

struct tcp_dns {
	struct tcp_streams *streams;
};

struct tcp_dns *tcp_dns_new(uint64_t seed)
{
	struct tcp_streams_bounds bounds = tcp_streams_bounds_default();
	struct tcp_dns *t = malloc(sizeof(*t));

	if (!t)
		return NULL;
	bounds.bytes_each = LIMIT_DNS_STREAM_BYTES + 2;		/* with its length */
	t->streams = tcp_streams_new(&bounds, seed, NULL, NULL);
	if (!t->streams) {
		free(t);
		return NULL;
	}
	return t;
}

void tcp_dns_free(struct tcp_dns *t)
{
	if (!t)
		return;
	tcp_streams_free(t->streams);
	free(t);
}

/* is_one_message - all of it, and nothing else */
static bool is_one_message(struct span s)
{
	return s.len > 2 && ((size_t)(uint8_t)s.p[0] << 8 | (uint8_t)s.p[1]) == s.len - 2;
}

/* begin - a SYN: of a client, it ends what the two ports were used for before.  Of a server, it must acknowledge that
 * of the client where there was one, and leaves a stream alone: whoever does not see the connection could send
 * it, and connection tracking lets it pass (RFC 5961 s.4).  NULL: there is no new stream */
static struct tcp_stream *begin(struct tcp_dns *t, const struct ip_pkt *p, uint64_t now_ms)
{
	struct tcp_stream *s = tcp_stream_find(t->streams, &p->src, &p->dst);
	struct tcp_stream *other = tcp_stream_find(t->streams, &p->dst, &p->src);

	if ((p->tcp_flags & TCP_ACK) && (other ? p->tcp_ack != other->base : s != NULL))
		return NULL;
	if (s)
		tcp_stream_drop(t->streams, s);
	if (other && !(p->tcp_flags & TCP_ACK))
		tcp_stream_drop(t->streams, other);
	return tcp_stream_new(t->streams, &p->src, &p->dst, p->tcp_seq + 1, true, now_ms);
}

/* stream_of - of the packet's direction; NULL: there is none that could be read */
static struct tcp_stream *stream_of(struct tcp_dns *t, const struct ip_pkt *p, uint64_t now_ms)
{
	struct tcp_stream *s;

	if (p->tcp_flags & TCP_SYN)
		return begin(t, p, now_ms);
	s = tcp_stream_find(t->streams, &p->src, &p->dst);
	if (!s && is_one_message(p->payload))
		s = tcp_stream_new(t->streams, &p->src, &p->dst, p->tcp_seq, true, now_ms);
	return s;
}

bool tcp_dns_is_answer(const struct addr *src, const struct addr *dst, struct span message)
{
	bool from = be16toh(src->port_be) == PORT_DNS, to = be16toh(dst->port_be) == PORT_DNS;

	if (from && to)
		return message.len > 2 && (message.p[2] & 0x80);
	return from;
}

static void add_asked(struct tcp_stream *s, int n)
{
	s->user = (void *)((uintptr_t)s->user + (uintptr_t)n);
}

/* is_awaited - is it a question, or an answer on a connection with a question that has none? */
static bool is_awaited(struct tcp_dns *t, const struct ip_pkt *p, struct tcp_stream *s, struct span message)
{
	struct tcp_stream *questions;

	if (!tcp_dns_is_answer(&p->src, &p->dst, message)) {
		if ((uintptr_t)s->user < ASKED_MOST)
			add_asked(s, ASKED_ONE);
		return true;
	}
	questions = tcp_stream_find(t->streams, &p->dst, &p->src);
	if (!questions || (uintptr_t)questions->user < ASKED_ONE)
		return false;
	add_asked(questions, -ASKED_ONE);
	return true;
}

/* place_of - of a message in the stream, in the packet that completed it */
static size_t place_of(const struct ip_pkt *p, const struct tcp_stream *s, struct span in, struct span message)
{
	uint32_t begin = s->base + (uint32_t)(message.p - in.p), packet = p->tcp_seq + !!(p->tcp_flags & TCP_SYN);
	uint32_t at = begin - packet;		/* earlier: a large number */

	return at <= p->payload.len && message.len <= p->payload.len - at ? at : TCP_DNS_ELSEWHERE;
}

void tcp_dns_packet(struct tcp_dns *t, const struct ip_pkt *p, uint64_t now_ms, tcp_dns_on_message *on_message, void *ctx)
{
	struct span in, rest, next, message = { NULL, 0 };
	enum tcp_stream_result grew;
	enum dns_stream_result r;
	struct dns_stream state;
	struct tcp_stream *s;
	unsigned told = 0;

	tcp_streams_age(t->streams, now_ms);
	if (p->cut || p->fragment)
		return;
	s = stream_of(t, p, now_ms);
	if (!s || p->payload.len == 0)
		return;
	grew = tcp_stream_add(t->streams, s, p->tcp_seq + !!(p->tcp_flags & TCP_SYN), p->payload);
	if (grew == TCP_STREAM_CONFLICT)
		tcp_stream_drop(t->streams, s);
	if (grew != TCP_STREAM_GREW)
		return;
	in = rest = tcp_stream_bytes(s);
	state.skip = (uint32_t)(uintptr_t)s->user & SKIP;
	while ((r = dns_stream_next(&state, &rest, &next)) == DNS_STREAM_MESSAGE || r == DNS_STREAM_LONG) {
		if (r == DNS_STREAM_LONG || told == LIMIT_DNS_PACKET_MESSAGES || !is_awaited(t, p, s, next))
			continue;
		told++;
		if (message.p)
			on_message(ctx, message, place_of(p, s, in, message), false);
		message = next;
	}
	if (message.p)
		on_message(ctx, message, place_of(p, s, in, message), true);
	s->user = (void *)(((uintptr_t)s->user & ~(uintptr_t)SKIP) | state.skip);
	if (r == DNS_STREAM_BAD)
		tcp_stream_drop(t->streams, s);
	else if (rest.len < in.len)
		tcp_stream_skip(t->streams, s, (uint32_t)(in.len - rest.len), now_ms);
}
