/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_hello - a ClientHello as browsers send it today: in one record, cut into records of 100 bytes, and
 * in two segments that a full table of streams puts together
 *
 * links: tls_hello tcp_stream host addr
 */
#include "bench.h"
#include "../unit/hello.h"

#include "limits.h"
#include "tcp_stream.h"
#include "tls_hello.h"


static struct span browser_hello(void)
{
	static char exts[4096];
	size_t n = 0;

	n = hello_put(exts, n, SPAN_LIT("\x2a\x2a\x00\x00" "\x00\x17\x00\x00" "\x00\x23\x00\x00" "\xff\x01\x00\x01\x00"));
	n = hello_put(exts, n, SPAN_LIT("\x00\x0a\x00\x06\x00\x04\x11\xec\x00\x1d" "\x00\x0b\x00\x02\x01\x00"));
	n = hello_put(exts, n, SPAN_LIT("\x00\x33\x04\xc6"));
	memset(exts + n, 0x11, 0x4c6);
	n += 0x4c6;
	n = hello_put(exts, n, SPAN_LIT("\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1"));
	n = hello_put(exts, n, hello_name("securepubads.g.ads.example"));
	n = hello_put(exts, n, SPAN_LIT("\xfe\x0d\x00\xfa\x00"));
	memset(exts + n, 0x22, 0xf9);
	n += 0xf9;
	n = hello_put(exts, n, SPAN_LIT("\x3a\x3a\x00\x01\x00"));
	return hello_good((struct span){ exts, n });
}

static void bench(const char *name, struct span in, double bound)
{
	struct passes p = passes_begin();
	struct tls_hello h;

	while (passes_more(&p)) {
		for (int i = 0; i < 1000; i++) {
			bench_keep((uint64_t)(uintptr_t)in.p);
			WRONG_IF(tls_hello_parse(in, &h) != PARSE_DONE || h.name_len != 26 || !h.ech, "hello of %zu bytes", in.len);
		}
		passes_end(&p, 1000);
	}
	figure(name, passes_median(&p) / 1000, "us", bound, "the bound of the project");
}

static struct addr client_of(uint32_t i)
{
	uint8_t ip[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
	struct addr a;

	addr_from_ip(&a, AF_INET, ip);
	a.port_be = 1;
	return a;
}

/* what the live path does for a flow: a stream, two segments, the name, and it is decided */
static void bench_segments(const char *name, struct span in)
{
	struct tcp_streams_bounds bounds = tcp_streams_bounds_default();
	struct tcp_streams *t = tcp_streams_new(&bounds, 42, NULL, NULL);
	struct addr server = client_of(1 << 20);
	struct tls_hello h;
	uint32_t next = 0;

	WRONG_IF(!t, "out of memory");
	for (; next < LIMIT_STREAMS - 1; next++) {		/* others that wait for their second segment */
		struct addr client = client_of(next);

		tcp_stream_add(t, tcp_stream_new(t, &client, &server, 7, true, 0), 7, (struct span){ in.p, 1400 });
	}
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		for (int i = 0; i < 1000; i++, next++) {
			struct addr client = client_of(next);
			struct tcp_stream *s;

			WRONG_IF(tcp_stream_find(t, &client, &server), "stream %u is there already", next);
			s = tcp_stream_new(t, &client, &server, 7, true, 0);
			WRONG_IF(tcp_stream_add(t, s, 7, (struct span){ in.p, 1400 }) != TCP_STREAM_GREW, "first segment");
			WRONG_IF(tls_hello_parse(tcp_stream_bytes(s), &h) != PARSE_MORE, "whole too early");
			s = tcp_stream_find(t, &client, &server);
			WRONG_IF(!s || tcp_stream_add(t, s, 1407, span_skip(in, 1400)) != TCP_STREAM_GREW, "second segment");
			WRONG_IF(tls_hello_parse(tcp_stream_bytes(s), &h) != PARSE_DONE || h.name_len != 26, "no name");
			tcp_stream_drop(t, s);
		}
		passes_end(&p, 1000);
	}
	figure(name, passes_median(&p) / 1000, "us", 0, NULL);
	tcp_streams_free(t);
}

int main(void)
{
	struct span message = browser_hello();

	bench("client_hello_parse", hello_records(message, 16384), 0.5);
	bench("client_hello_parse_records_of_100", hello_records(message, 100), 0);
	bench_segments("client_hello_two_segments_full_table", hello_records(message, 16384));
	return 0;
}
