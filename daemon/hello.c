/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hello - the ClientHello of connections whose packets come by one after the other */
#include "hello.h"

#include <stdlib.h>

#include "limits.h"
#include "quic_flows.h"
#include "tcp_stream.h"

struct hello {
	struct tcp_streams *streams;
	struct quic_flows *flows;
	uint64_t overruns;
};

static void on_stream_gone(void *ctx, struct tcp_stream *s, bool evicted)
{
	struct hello *h = ctx;

	(void)s, (void)evicted;
	h->overruns++;
}

static void on_flow_gone(void *ctx, const struct quic_entry *e)
{
	struct hello *h = ctx;

	(void)e;
	h->overruns++;
}

struct hello *hello_new(uint64_t seed)
{
	struct tcp_streams_bounds bounds = tcp_streams_bounds_default();
	struct hello *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->streams = tcp_streams_new(&bounds, seed, on_stream_gone, h);
	h->flows = quic_flows_new(LIMIT_QUIC_FLOWS, seed, on_flow_gone, h);
	if (h->streams && h->flows)
		return h;
	hello_free(h);
	return NULL;
}

void hello_free(struct hello *h)
{
	if (!h)
		return;
	tcp_streams_free(h->streams);
	quic_flows_free(h->flows);
	free(h);
}

/* tell - what a parser said of a whole hello, or of one that will never be read */
static enum hello_what tell(enum parse is, const struct tls_hello *t, struct hello_told *told)
{
	told->ech = is == PARSE_DONE && t->ech;
	told->why = is == PARSE_DONE ? HELLO_READ : t->fault == TLS_FAULT_LARGE ? HELLO_LARGE : HELLO_FAULT;
	told->name_len = is == PARSE_DONE || is == PARSE_BAD ? t->name_len : 0;
	memcpy(told->name, t->name, told->name_len);
	told->name[told->name_len] = '\0';
	if (told->name_len)
		return HELLO_NAME;
	return is == PARSE_DONE ? HELLO_NAMELESS : HELLO_PASS;
}

static enum hello_what give_up(struct hello_told *told, enum hello_why why)
{
	told->why = why;
	return HELLO_PASS;
}

static enum hello_what read_stream(const struct tcp_stream *s, struct hello_told *told)
{
	struct span in = tcp_stream_bytes(s);
	struct tls_hello t;
	enum parse is;

	if (in.len == 0)
		return HELLO_MORE;
	is = tls_hello_parse(in, &t);
	if (is == PARSE_MORE)
		return HELLO_MORE;
	/* another message: perhaps a later record of the hello, which overtook the first one */
	if (is == PARSE_ALIEN || (is == PARSE_BAD && t.fault == TLS_FAULT_MESSAGE))
		return HELLO_ODD;
	return tell(is, &t, told);
}

static enum hello_what read_tcp(struct hello *h, const struct hello_packet *p, uint64_t now_ms, struct hello_told *told)
{
	struct tcp_stream *s = tcp_stream_find(h->streams, &p->src, &p->dst);
	enum hello_what what;

	if (!s)
		s = tcp_stream_new(h->streams, &p->src, &p->dst, p->seq, false, now_ms);
	if (!s)
		return give_up(told, HELLO_NO_ROOM);
	switch (tcp_stream_add(h->streams, s, p->seq, p->payload)) {
	case TCP_STREAM_GREW:
	case TCP_STREAM_SAME:
		what = read_stream(s, told);
		break;
	case TCP_STREAM_CONFLICT:
		what = give_up(told, HELLO_CONFLICT);
		break;
	default:
		what = give_up(told, HELLO_NO_ROOM);
		break;
	}
	if (what >= HELLO_NAME)
		tcp_stream_drop(h->streams, s);
	return what;
}

/* is_final - can nothing that follows make this flow readable? */
static bool is_final(enum quic_result r)
{
	return r == QUIC_CONFLICT || r == QUIC_NO_HELLO || r == QUIC_TOO_LONG || r == QUIC_LIBRARY;
}

static enum hello_what read_message(struct span message, struct hello_told *told)
{
	struct tls_hello t;

	return tell(tls_hello_body(message, &t), &t, told);
}

static enum hello_what read_quic(struct hello *h, const struct hello_packet *p, uint64_t now_ms, struct hello_told *told)
{
	struct quic_entry *e = quic_flows_find(h->flows, &p->src, &p->dst);
	enum hello_what what = HELLO_MORE;
	struct span message;

	if (!e) {	/* only a beginning makes an entry: anything else would push out what has begun */
		told->quic = quic_flows_alone(h->flows, p->payload, &message);
		if (told->quic == QUIC_HELLO)
			return read_message(message, told);
		if (told->quic != QUIC_MORE)
			return give_up(told, HELLO_QUIC);
		e = quic_flows_add(h->flows, &p->src, &p->dst, now_ms);
		if (!e)
			return give_up(told, HELLO_NO_ROOM);
	}
	told->quic = quic_flows_feed(h->flows, e, p->payload, &message);
	if (told->quic == QUIC_HELLO)
		what = read_message(message, told);
	else if (is_final(told->quic))
		what = give_up(told, HELLO_QUIC);
	if (what != HELLO_MORE)
		quic_flows_drop(h->flows, e);
	return what;
}

enum hello_what hello_read(struct hello *h, const struct hello_packet *p, uint64_t now_ms, struct hello_told *told)
{
	*told = (struct hello_told){ .quic = QUIC_MORE };
	hello_age(h, now_ms);
	return p->udp ? read_quic(h, p, now_ms, told) : read_tcp(h, p, now_ms, told);
}

bool hello_age(struct hello *h, uint64_t now_ms)
{
	tcp_streams_age(h->streams, now_ms);
	quic_flows_age(h->flows, now_ms, LIMIT_STREAM_MS);
	return tcp_streams_count(h->streams) || quic_flows_count(h->flows);
}

uint64_t hello_overruns(const struct hello *h) { return h->overruns; }
