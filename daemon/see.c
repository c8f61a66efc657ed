/* SPDX-License-Identifier: GPL-3.0-or-later */
/* see - which names do these packets tell?
 *
 * Theory of operation.  Each direction of a TCP connection is a stream (tcp_stream) with a state of ours (struct flow).  What
 * is at the front of the stream is tried with each reader: a message that was read is skipped, one that is not whole
 * yet waits, and what nobody can read is skipped up to where the segments so far end, as messages begin at segments.
 * Only the direction of the client says anything we want; that of the server is nothing our readers know.
 *
 * A datagram that begins with a QUIC Initial packet, or goes to port 443, makes an entry in quic_flows.  Why nothing could be
 * read of a datagram is told only of flows whose ClientHello never became whole.
 */
#include "see.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "dns_msg.h"
#include "dns_stream.h"
#include "host.h"
#include "http1_frame.h"
#include "http1_head.h"
#include "ip_frag.h"
#include "ip_pkt.h"
#include "limits.h"
#include "quic_flows.h"
#include "see_tell.h"
#include "tcp_stream.h"
#include "tls_hello.h"

enum {
	PORT_DNS = 53, PORT_HTTP = 80, PORT_TLS = 443, PORT_SSDP = 1900,
	SEE_QUIC_FLOWS = 1024,	/* under way, each up to 20 KB */
	STUCK_MAX = 32,		/* segments behind a gap: what is missing was lost by the capture, and will not come */
};

enum flow_state {
	FLOW_FIRST,	/* the beginning of the connection, or of what the capture has of it */
	FLOW_NEXT,	/* something was read or skipped: another message may begin */
	FLOW_BODY,	/* of an HTTP request */
	FLOW_OVER,	/* the server's direction, encrypted from here on, or unreadable */
};

struct flow {
	enum flow_state state;
	struct http1_body body;
	struct dns_stream dns;
	size_t head_seen;	/* of a request head that is not whole */
	uint32_t begin;		/* sequence number of its first byte, where its SYN was seen */
	bool began;		/* it was */
	unsigned stuck;		/* segments since the first that came behind a gap */
};

struct see {
	struct see_counts counts;
	struct ip_frag *fragments;
	struct tcp_streams *streams;
	struct quic_flows *quic;
	uint64_t now;			/* counts packets: streams age by order, not by time */
	struct dns_msg dns;
	struct http1_head head;
	struct see_tell tell;
};

/* what one try at the front of a stream came to */
enum try { TRY_WAIT, TRY_TAKEN, TRY_NOTHING };

/* --- the readers ----------------------------------------------------------------------------- */

/* question_of - what a message asks for that dns_msg refused, or left alone as none of our business: only its first question
 * is shown to dns_msg, as an ordinary query.  false: there is none that can be read.  RFC 1035 s.4.1 */
static bool question_of(struct see *s, struct span in)
{
	char copy[12 + HOST_MAX + 2 + 4];
	size_t at = 12, n = in.len < sizeof(copy) ? in.len : sizeof(copy);

	if (n < 12 || (in.p[4] == 0 && in.p[5] == 0))
		return false;
	memcpy(copy, in.p, n);
	memset(copy + 2, 0, 10);
	copy[5] = 1;
	while (at < n && copy[at] > 0 && copy[at] < 64)
		at += (size_t)copy[at] + 1;
	if (at + 5 > n || copy[at])
		return false;
	copy[at + 3] = 0;	/* of whatever class */
	copy[at + 4] = 1;
	return dns_msg_parse((struct span){ copy, at + 5 }, &s->dns) == DNS_MSG_QUERY;
}

/* read_dns - one message; the client is who asks */
static void read_dns(struct see *s, struct span in, const struct addr *src, const struct addr *dst)
{
	enum dns_msg_result is = dns_msg_parse(in, &s->dns);
	bool answer = is == DNS_MSG_ANSWER || (is != DNS_MSG_QUERY && ntohs(src->port_be) == PORT_DNS);
	struct see_row r;

	see_row_init(&r, SEE_DNS, answer ? dst : src, answer ? src : dst);
	r.failed = is != DNS_MSG_QUERY && is != DNS_MSG_ANSWER;
	if (!r.failed || question_of(s, in))
		r.name = s->dns.name[0].text[0] ? s->dns.name[0].text : ".";
	if (!r.failed)
		see_tell(&s->tell, &r, answer ? "answer" : "query");
	else if (is == DNS_MSG_OTHER)
		see_tell(&s->tell, &r, "%s", dns_msg_why(is));
	else
		see_tell(&s->tell, &r, "%s%s", r.name[0] ? "question, but malformed: " : "malformed: ", dns_msg_why(is));
}

/* --- TCP ---------------------------------------------------------------------------------------- */

/* expected - does a connection to this port, seen from its beginning, begin with what we read? */
static bool expected(const struct tcp_stream *t, const struct flow *f, unsigned port)
{
	return f->state == FLOW_FIRST && t->dst.port_be == htons((uint16_t)port);
}

static enum try try_tls(struct see *s, struct tcp_stream *t, struct flow *f, struct span in, enum parse *answer)
{
	struct tls_hello h;
	struct see_row r;

	see_row_init(&r, SEE_TLS, &t->src, &t->dst);
	*answer = tls_hello_parse(in, &h);
	switch (*answer) {
	case PARSE_MORE:
		return TRY_WAIT;
	case PARSE_DONE:
		see_tell_hello(&s->tell, &r, &h);
		f->state = FLOW_OVER;
		return TRY_TAKEN;
	case PARSE_BAD:
		/* a server's hello has its place in the other direction */
		if (f->state == FLOW_FIRST && (h.fault != TLS_FAULT_MESSAGE || t->certain))
			see_tell_bad_hello(&s->tell, &r, &h);
		if (f->state == FLOW_FIRST)
			f->state = FLOW_OVER;
		return TRY_NOTHING;
	default:
		return TRY_NOTHING;
	}
}

static enum try try_http(struct see *s, struct tcp_stream *t, struct flow *f, struct span in)
{
	enum parse is = http1_request_parse(in, f->head_seen, &s->head);
	struct http1_frame frame;
	struct see_row r;

	f->head_seen = 0;
	see_row_init(&r, SEE_HTTP, &t->src, &t->dst);
	switch (is) {
	case PARSE_MORE:
		f->head_seen = in.len;
		return TRY_WAIT;
	case PARSE_DONE:
		see_tell_head(&s->tell, &r, &s->head);
		f->state = FLOW_NEXT;
		if (http1_frame_request(&s->head, &frame) == PARSE_DONE && (frame.kind == FRAME_LENGTH || frame.kind == FRAME_CHUNKED)) {
			http1_body_init(&f->body, &frame, false);
			f->state = FLOW_BODY;
		}
		tcp_stream_skip(s->streams, t, (uint32_t)s->head.len, s->now);
		return TRY_TAKEN;
	case PARSE_BAD:
		if (see_tell_refused(&s->tell, &r, in, s->head.fault)) {
			f->state = FLOW_NEXT;
			return TRY_NOTHING;
		}
		/* anything made of words looks like a request */
		if (expected(t, f, PORT_HTTP) || (f->state == FLOW_FIRST && s->head.fault != HTTP1_FAULT_START &&
						  s->head.fault != HTTP1_FAULT_VERSION))
			see_tell_bad(&s->tell, &r, http1_fault_text(s->head.fault));
		return TRY_NOTHING;
	default:
		if (expected(t, f, PORT_HTTP) && t->certain) {
			r.failed = true;
			see_tell(&s->tell, &r, "not HTTP");
		}
		return TRY_NOTHING;
	}
}

static enum try try_dns(struct see *s, struct tcp_stream *t, struct flow *f, struct span in)
{
	bool answers = t->src.port_be == htons(PORT_DNS);
	struct span rest = in, message;
	enum dns_stream_result got = dns_stream_next(&f->dns, &rest, &message);
	struct see_row r;

	if (got == DNS_STREAM_MESSAGE)
		read_dns(s, message, &t->src, &t->dst);
	tcp_stream_skip(s->streams, t, (uint32_t)(in.len - rest.len), s->now);
	if (got != DNS_STREAM_BAD && got != DNS_STREAM_LONG)
		return got == DNS_STREAM_MORE ? TRY_WAIT : TRY_TAKEN;
	see_row_init(&r, SEE_DNS, answers ? &t->dst : &t->src, answers ? &t->src : &t->dst);
	see_tell_bad(&s->tell, &r, got == DNS_STREAM_BAD ? "not the length of a DNS message" : "a DNS message that is too long");
	if (got == DNS_STREAM_BAD)
		f->state = FLOW_OVER;
	return got == DNS_STREAM_BAD ? TRY_NOTHING : TRY_TAKEN;
}

static enum try try_body(struct see *s, struct tcp_stream *t, struct flow *f, struct span in)
{
	size_t taken = 0;
	enum parse is = http1_body_scan(&f->body, in, &taken);

	tcp_stream_skip(s->streams, t, (uint32_t)taken, s->now);
	if (is != PARSE_MORE)
		f->state = FLOW_NEXT;
	return is == PARSE_DONE ? TRY_TAKEN : is == PARSE_MORE ? TRY_WAIT : TRY_NOTHING;
}

static enum try try_any(struct see *s, struct tcp_stream *t, struct flow *f, struct span in)
{
	enum parse tls;
	enum try got;
	struct see_row r;

	if (f->state == FLOW_BODY)
		return try_body(s, t, f, in);
	if (ntohs(t->dst.port_be) == PORT_DNS || ntohs(t->src.port_be) == PORT_DNS)
		return try_dns(s, t, f, in);
	got = try_tls(s, t, f, in, &tls);
	if (tls == PARSE_ALIEN) {
		got = try_http(s, t, f, in);
		if (got == TRY_NOTHING && expected(t, f, PORT_TLS) && t->certain) {
			see_row_init(&r, SEE_TLS, &t->src, &t->dst);
			r.failed = true;
			see_tell(&s->tell, &r, "not TLS");
		}
	}
	return got;
}

/* flow_run - read what is at the front of the stream, as far as it goes */
static void flow_run(struct see *s, struct tcp_stream *t, struct flow *f)
{
	while (f->state != FLOW_OVER) {
		struct span in = tcp_stream_bytes(t);

		if (in.len == 0)
			return;
		switch (try_any(s, t, f, in)) {
		case TRY_TAKEN:
			break;
		case TRY_WAIT:
			return;
		case TRY_NOTHING:
			if (f->state == FLOW_FIRST)
				f->state = FLOW_NEXT;
			tcp_stream_skip(s->streams, t, (uint32_t)tcp_stream_bytes(t).len, s->now);
			return;
		}
	}
}

/* flow_unfinished - the stream ends here: was it in the middle of something? */
static void flow_unfinished(struct see *s, struct tcp_stream *t, struct flow *f)
{
	struct span in = tcp_stream_bytes(t);
	struct tls_hello h;
	struct see_row r;

	if (f->state != FLOW_FIRST || t->end == 0)
		return;
	if (in.len == 0) {
		if (!expected(t, f, PORT_TLS) && !expected(t, f, PORT_HTTP))
			return;
		see_row_init(&r, expected(t, f, PORT_TLS) ? SEE_TLS : SEE_HTTP, &t->src, &t->dst);
		r.failed = true;
		see_tell(&s->tell, &r, "incomplete: the beginning is missing");
	} else if (tls_hello_parse(in, &h) == PARSE_MORE) {
		see_row_init(&r, SEE_TLS, &t->src, &t->dst);
		r.failed = true;
		see_tell(&s->tell, &r, "incomplete: %zu of at least %zu bytes of a ClientHello", in.len, h.need);
	} else if (expected(t, f, PORT_HTTP)) {
		see_row_init(&r, SEE_HTTP, &t->src, &t->dst);
		r.failed = true;
		see_tell(&s->tell, &r, "incomplete: %zu bytes of a request head", in.len);
	}
}

/* flow_end - forget the stream */
static void flow_end(struct see *s, struct tcp_stream *t)
{
	flow_unfinished(s, t, t->user);
	free(t->user);
	tcp_stream_drop(s->streams, t);
}

static void on_gone(void *ctx, struct tcp_stream *t, bool evicted)
{
	struct see *s = ctx;
	struct flow *f = t->user;

	(void)evicted;
	if (f && f->state == FLOW_FIRST && t->end)
		s->counts.forgotten++;
	if (f)
		flow_unfinished(s, t, f);
	free(f);
}

static struct tcp_stream *flow_new(struct see *s, const struct ip_pkt *p, uint32_t seq, bool certain)
{
	struct flow *f = calloc(1, sizeof(*f));
	struct tcp_stream *t = f ? tcp_stream_new(s->streams, &p->src, &p->dst, seq, certain, s->now) : NULL;

	if (!t) {
		free(f);
		return NULL;
	}
	t->user = f;
	return t;
}

/* flow_resync - the capture lost segments: go on behind them, with the one at hand */
static void flow_resync(struct see *s, struct tcp_stream *t, const struct ip_pkt *p, uint32_t seq)
{
	struct flow *f;

	flow_end(s, t);
	t = flow_new(s, p, seq, false);
	if (!t)
		return;
	f = t->user;
	f->state = FLOW_NEXT;
	if (tcp_stream_add(s->streams, t, seq, p->payload) == TCP_STREAM_GREW)
		flow_run(s, t, f);
}

static void see_tcp(struct see *s, const struct ip_pkt *p)
{
	struct tcp_stream *t = tcp_stream_find(s->streams, &p->src, &p->dst);
	bool syn = p->tcp_flags & TCP_SYN;
	uint32_t seq = p->tcp_seq + syn, end;
	struct flow *f;

	/* another SYN for the same ports: another connection, unless it is the same again */
	f = t ? t->user : NULL;
	if (t && syn && !(f->began && f->begin == seq)) {
		flow_end(s, t);
		t = NULL;
	}
	if (!t && (syn || p->payload.len))
		t = flow_new(s, p, seq, syn);
	if (!t)
		return;
	f = t->user;
	f->began |= syn;
	f->begin = syn ? seq : f->begin;
	if (syn && p->tcp_flags & TCP_ACK)
		f->state = FLOW_OVER;
	if (f->state == FLOW_OVER)
		return;
	end = t->end;
	switch (tcp_stream_add(s->streams, t, seq, p->payload)) {
	case TCP_STREAM_GREW:
		f->stuck = 0;
		flow_run(s, t, f);
		break;
	case TCP_STREAM_SAME:
		f->stuck += t->end > t->whole && t->end > end;
		if (f->stuck > STUCK_MAX)
			flow_resync(s, t, p, seq);
		break;
	case TCP_STREAM_CONFLICT: {
		struct see_row r;

		see_row_init(&r, SEE_TLS, &t->src, &t->dst);
		r.failed = true;
		if (expected(t, f, PORT_TLS) || expected(t, f, PORT_HTTP)) {
			r.proto = expected(t, f, PORT_TLS) ? SEE_TLS : SEE_HTTP;
			see_tell(&s->tell, &r, "segments contradict each other");
		}
		f->state = FLOW_OVER;
		break;
	}
	case TCP_STREAM_OVER:
		if (f->state != FLOW_FIRST)
			flow_resync(s, t, p, seq);
		break;
	case TCP_STREAM_NO_MEMORY:
		break;
	}
}

/* --- UDP ------------------------------------------------------------------------------------------- */

static void on_quic_gone(void *ctx, const struct quic_entry *e)
{
	struct see *s = ctx;
	struct see_row r;

	if (e->done)
		return;
	see_row_init(&r, SEE_QUIC, &e->client, &e->server);
	r.failed = true;
	if (e->why == QUIC_MORE)
		see_tell(&s->tell, &r, "incomplete: the capture has a part of the ClientHello");
	else
		see_tell(&s->tell, &r, "%s", quic_why(e->why));
}

static void see_quic_packet(struct see *s, const struct ip_pkt *p)
{
	bool to_port = p->dst.port_be == htons(PORT_TLS), from_port = p->src.port_be == htons(PORT_TLS);
	struct quic_entry *e;
	struct tls_hello h;
	struct span hello;
	struct see_row r;

	/* a server's packets look like a client's and have other keys */
	if ((from_port && !to_port) || quic_flows_find(s->quic, &p->dst, &p->src))
		return;
	e = quic_flows_find(s->quic, &p->src, &p->dst);
	if (!e && (to_port || quic_is_initial(p->payload)))
		e = quic_flows_add(s->quic, &p->src, &p->dst, s->now);
	if (!e || quic_flows_feed(s->quic, e, p->payload, &hello) != QUIC_HELLO)
		return;
	see_row_init(&r, SEE_QUIC, &p->src, &p->dst);
	switch (tls_hello_body(hello, &h)) {
	case PARSE_DONE:
		see_tell_hello(&s->tell, &r, &h);
		break;
	case PARSE_MORE:
		return;
	default:
		see_tell_bad_hello(&s->tell, &r, &h);
		break;
	}
	quic_flows_done(e);
}

static void see_udp(struct see *s, const struct ip_pkt *p)
{
	unsigned src = ntohs(p->src.port_be), dst = ntohs(p->dst.port_be);
	struct see_row r;

	if (p->payload.len == 0)
		return;
	if (src == PORT_DNS || dst == PORT_DNS) {
		read_dns(s, p->payload, &p->src, &p->dst);
	} else if (dst == PORT_SSDP && http1_request_parse(p->payload, 0, &s->head) == PARSE_DONE) {
		see_row_init(&r, SEE_HTTP, &p->src, &p->dst);
		see_tell_head(&s->tell, &r, &s->head);
	} else {
		see_quic_packet(s, p);
	}
}

/* --- all ------------------------------------------------------------------------------------------- */

struct see *see_new(void (*on_row)(void *ctx, const struct see_row *row), void *ctx)
{
	/* time is no bound here: a capture ends; and whole request heads are to fit */
	struct tcp_streams_bounds bounds = { LIMIT_STREAMS, LIMIT_HEAD_BYTES, LIMIT_STREAMS_BYTES, UINT32_MAX };
	struct see *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->tell.on_row = on_row;
	s->tell.ctx = ctx;
	s->tell.counts = &s->counts;
	s->streams = tcp_streams_new(&bounds, (uint64_t)(uintptr_t)s, on_gone, s);
	s->quic = quic_flows_new(SEE_QUIC_FLOWS, (uint64_t)(uintptr_t)s, on_quic_gone, s);
	s->fragments = ip_frag_new();
	if (s->streams && s->quic && s->fragments)
		return s;
	see_free(s);
	return NULL;
}

void see_free(struct see *s)
{
	if (!s)
		return;
	while (s->streams && tcp_streams_oldest(s->streams)) {
		struct tcp_stream *t = tcp_streams_oldest(s->streams);

		free(t->user);
		tcp_stream_drop(s->streams, t);
	}
	tcp_streams_free(s->streams);
	quic_flows_free(s->quic);
	ip_frag_free(s->fragments);
	free(s);
}

void see_packet(struct see *s, struct span ip)
{
	struct ip_pkt p;

	s->counts.packets++;
	s->now++;
	if (ip_frag_add(s->fragments, ip, &ip) != IP_FRAG_WHOLE)
		return;
	switch (ip_pkt_parse(ip, &p)) {
	case IP_PKT_TCP:
		see_tcp(s, &p);
		break;
	case IP_PKT_UDP:
		see_udp(s, &p);
		break;
	case IP_PKT_OTHER:
	case IP_PKT_FRAGMENT:
		break;
	default:
		s->counts.unreadable++;
		break;
	}
}

void see_end(struct see *s)
{
	struct tcp_stream *t;

	while ((t = tcp_streams_oldest(s->streams)))
		flow_end(s, t);
	quic_flows_end(s->quic);
	s->counts.fragments = ip_frag_waiting(s->fragments) + ip_frag_lost(s->fragments);
}

const struct see_counts *see_counts(const struct see *s) { return &s->counts; }

const char *see_proto_name(enum see_proto proto)
{
	static const char *const name[SEE_PROTOS] = { "dns", "http", "tls", "quic" };

	return (unsigned)proto < SEE_PROTOS ? name[proto] : "?";
}
