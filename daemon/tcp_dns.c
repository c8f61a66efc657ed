/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_dns - DNS messages out of TCP segments */
#include "tcp_dns.h"

#include <stdlib.h>

#include "dns_stream.h"
#include "limits.h"
#include "tcp_stream.h"

struct tcp_dns {
	struct tcp_streams *streams;	/* user: bytes of a message that is too long, yet to come */
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

/* stream_of - of the packet's direction; NULL: there is none that could be read */
static struct tcp_stream *stream_of(struct tcp_dns *t, const struct ip_pkt *p, uint64_t now_ms)
{
	struct tcp_stream *s = tcp_stream_find(t->streams, &p->src, &p->dst);

	if (p->tcp_flags & TCP_SYN) {
		if (s)
			tcp_stream_drop(t->streams, s);
		return tcp_stream_new(t->streams, &p->src, &p->dst, p->tcp_seq + 1, true, now_ms);
	}
	if (!s && is_one_message(p->payload))
		s = tcp_stream_new(t->streams, &p->src, &p->dst, p->tcp_seq, true, now_ms);
	return s;
}

void tcp_dns_packet(struct tcp_dns *t, const struct ip_pkt *p, uint64_t now_ms, tcp_dns_on_message *on_message, void *ctx)
{
	struct span in, rest, next, message = { NULL, 0 };
	enum tcp_stream_result grew;
	enum dns_stream_result r;
	struct dns_stream state;
	struct tcp_stream *s;

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
	state.skip = (uint32_t)(uintptr_t)s->user;
	while ((r = dns_stream_next(&state, &rest, &next)) == DNS_STREAM_MESSAGE || r == DNS_STREAM_LONG) {
		if (r == DNS_STREAM_LONG)
			continue;
		if (message.p)
			on_message(ctx, message, false);
		message = next;
	}
	if (message.p)
		on_message(ctx, message, true);
	s->user = (void *)(uintptr_t)state.skip;
	if (r == DNS_STREAM_BAD)
		tcp_stream_drop(t->streams, s);
	else if (rest.len < in.len)
		tcp_stream_skip(t->streams, s, (uint32_t)(in.len - rest.len), now_ms);
}
