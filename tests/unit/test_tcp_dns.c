/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tcp_dns - links: tcp_dns tcp_stream dns_stream addr
 * limits: DNS_STREAM_BYTES DNS_PACKET_MESSAGES */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "guard.h"
#include "limits.h"
#include "tcp_dns.h"

enum { SEQ = 0xfffffff0 };	/* wraps around soon */

static struct tcp_dns *table;
static char said[4096];
static uint32_t acks = SEQ + 1;	/* what packets acknowledge; a client's first is SEQ */
static size_t places[4], tolds;	/* of the first messages, in their packet */

static int setup(void **state)
{
	(void)state;
	table = tcp_dns_new(7);
	said[0] = '\0';
	return table ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	tcp_dns_free(table);
	return 0;
}

/* the first two letters of a message, and '.' where the packet completes no more */
static void on_message(void *ctx, struct span message, size_t at, bool last)
{
	size_t n = strlen(said);

	(void)ctx;
	assert_true(message.len >= 12);
	if (tolds < 4)
		places[tolds++] = at;
	snprintf(said + n, sizeof(said) - n, "%.2s%zu%s", message.p, message.len, last ? "." : "+");
}

/* packet_way - a packet of the server at port 53 to the client's @port, or, @asks, the other way */
static const char *packet_way(bool asks, uint16_t port, uint8_t flags, uint32_t at, struct span payload, uint64_t now_ms)
{
	struct ip_pkt p = { .protocol = IPPROTO_TCP, .tcp_flags = flags, .tcp_seq = SEQ + at, .tcp_ack = acks, .payload_bytes = payload.len };

	addr_from_ip(asks ? &p.dst : &p.src, AF_INET, (const uint8_t *)"\xcb\0\x71\2");
	addr_from_ip(asks ? &p.src : &p.dst, AF_INET, (const uint8_t *)"\x0a\1\0\2");
	*(asks ? &p.dst.port_be : &p.src.port_be) = htobe16(53);
	*(asks ? &p.src.port_be : &p.dst.port_be) = htobe16(port);
	p.payload = guard_copy(payload);
	said[0] = '\0';
	tolds = 0;
	tcp_dns_packet(table, &p, now_ms, on_message, NULL);
	return said;
}

static const char *packet_from(uint16_t port, uint8_t flags, uint32_t at, struct span payload, uint64_t now_ms)
{
	return packet_way(false, port, flags, at, payload, now_ms);
}

static const char *packet(uint8_t flags, uint32_t at, struct span payload)
{
	return packet_from(4000, flags, at, payload, 1000);
}

#define M12(c)	"\0\x0c" c c c c c c c c c c c c
#define EMPTY	((struct span){ NULL, 0 })

/* questions - @n of them, at the beginning of a connection from @port */
static void questions(uint16_t port, unsigned n, uint64_t now_ms)
{
	for (unsigned i = 0; i < n; i++)
		assert_string_equal(packet_way(true, port, TCP_ACK | TCP_PSH, 1 + i * 14, SPAN_LIT(M12("q")), now_ms), "qq12.");
}

/* ask - the same with the handshake before it */
static void ask(uint16_t port, unsigned n, uint64_t now_ms)
{
	packet_way(true, port, TCP_SYN, 0, EMPTY, now_ms);
	packet_from(port, TCP_SYN | TCP_ACK, 0, EMPTY, now_ms);
	questions(port, n, now_ms);
}

static void messages_come_out_of_segments(void **state)
{
	(void)state;
	ask(4000, 5, 1000);
	assert_string_equal(packet(TCP_ACK, 1, EMPTY), "");
	assert_string_equal(packet(TCP_ACK | TCP_PSH, 1, SPAN_LIT(M12("a"))), "aa12.");
	assert_string_equal(packet(TCP_ACK | TCP_PSH, 1, SPAN_LIT(M12("a"))), "");			/* again */
	assert_string_equal(packet(TCP_ACK | TCP_PSH, 15, SPAN_LIT(M12("b") M12("c") "\0")), "bb12+cc12.");	/* two, and half a length */
	assert_string_equal(packet(TCP_ACK | TCP_PSH, 50, SPAN_LIT("dd")), "");			/* out of order */
	assert_string_equal(packet(TCP_ACK, 44, SPAN_LIT("\x0c" "ddddd")), "");
	assert_string_equal(packet(TCP_ACK, 52, SPAN_LIT("ddddd" M12("e"))), "dd12+ee12.");
}

static void a_message_is_found_in_its_packet(void **state)
{
	(void)state;
	ask(4000, 12, 1000);
	packet(TCP_ACK, 1, SPAN_LIT(M12("a")));
	assert_int_equal(places[0], 2);
	packet(TCP_ACK, 15, SPAN_LIT(M12("b") M12("c")));
	assert_true(tolds == 2 && places[0] == 2 && places[1] == 16);
	packet(TCP_ACK, 43, SPAN_LIT("\0\x0c"));			/* the length alone, as some servers send it */
	packet(TCP_ACK, 45, SPAN_LIT("dddddddddddd"));
	assert_int_equal(places[0], 0);
	packet(TCP_ACK, 57, SPAN_LIT("\0\x0c" "e"));
	packet(TCP_ACK, 60, SPAN_LIT("eeeeeeeeeee" M12("f")));
	assert_true(tolds == 2 && places[0] == TCP_DNS_ELSEWHERE && places[1] == 13);
	/* the end came before the beginning: it passed already */
	packet(TCP_ACK, 88, SPAN_LIT("gggg"));
	packet(TCP_ACK, 85, SPAN_LIT("\0\x0c" "g"));
	assert_int_equal(tolds, 0);
	packet(TCP_ACK, 92, SPAN_LIT("ggggggg"));
	assert_int_equal(places[0], TCP_DNS_ELSEWHERE);
	/* sent again, with more behind it */
	packet(TCP_ACK, 85, SPAN_LIT(M12("g") M12("h")));
	assert_true(tolds == 1 && places[0] == 16);
	/* what fills the gap completes what is no part of it */
	packet(TCP_ACK, 127, SPAN_LIT(M12("j")));
	packet(TCP_ACK, 113, SPAN_LIT(M12("i")));
	assert_true(tolds == 2 && places[0] == 2 && places[1] == TCP_DNS_ELSEWHERE);
}

static void a_connection_is_taken_up_again(void **state)
{
	(void)state;
	questions(1, 2, 1000);
	assert_string_equal(packet_from(1, TCP_ACK | TCP_PSH, 100, SPAN_LIT("\0\x0d" "aaaaaaaaaaaa"), 1000), "");	/* begins who knows where */
	assert_string_equal(packet_from(1, TCP_ACK | TCP_PSH, 114, SPAN_LIT(M12("b")), 1000), "bb12.");
	assert_string_equal(packet_from(1, TCP_ACK | TCP_PSH, 128, SPAN_LIT("\0\x0c" "ccc"), 1000), "");
	/* the rest was lost to us; after a while it is forgotten, and the next whole message counts */
	assert_string_equal(packet_from(1, TCP_ACK | TCP_PSH, 142, SPAN_LIT(M12("d")), 1000 + LIMIT_STREAM_MS - 1), "");
	questions(1, 1, 1000 + LIMIT_STREAM_MS + 1);
	assert_string_equal(packet_from(1, TCP_ACK | TCP_PSH, 156, SPAN_LIT(M12("e")), 1000 + LIMIT_STREAM_MS + 1), "ee12.");
	/* the same ports, another connection */
	packet_way(true, 1, TCP_SYN, 0, EMPTY, 7000);
	assert_string_equal(packet_from(1, TCP_SYN | TCP_ACK, 5000, EMPTY, 7000), "");
	questions(1, 1, 7000);
	assert_string_equal(packet_from(1, TCP_ACK | TCP_PSH, 5001, SPAN_LIT("\0"), 7000), "");
	assert_string_equal(packet_from(1, TCP_ACK | TCP_PSH, 5002, SPAN_LIT("\x0c" "ffffffffffff"), 7000), "ff12.");
}

/* connection tracking lets a SYN with ACK pass in the middle of a connection, RFC 5961 s.4 is the client's business */
static void a_handshake_out_of_nowhere_begins_nothing(void **state)
{
	(void)state;
	ask(4000, 3, 1000);
	assert_string_equal(packet(TCP_SYN | TCP_ACK, 500000, EMPTY), "");
	assert_string_equal(packet(TCP_ACK | TCP_PSH, 500001, SPAN_LIT(M12("x"))), "");
	assert_string_equal(packet(TCP_ACK | TCP_PSH, 1, SPAN_LIT(M12("a"))), "aa12.");
	/* the same without the client's side, as for what this machine itself asks: the first one counts */
	assert_string_equal(packet_from(5000, TCP_SYN | TCP_ACK, 0, EMPTY, 1000), "");
	assert_string_equal(packet_from(5000, TCP_SYN | TCP_ACK, 500000, EMPTY, 1000), "");
	packet_way(true, 5000, TCP_ACK | TCP_PSH, 1, SPAN_LIT(M12("q")), 1000);
	assert_string_equal(packet_from(5000, TCP_ACK | TCP_PSH, 500001, SPAN_LIT(M12("x")), 1000), "");
	assert_string_equal(packet_from(5000, TCP_ACK | TCP_PSH, 1, SPAN_LIT(M12("a")), 1000), "aa12.");
	/* the client begins anew: so does the server, wherever, but not who does not know what to acknowledge */
	packet_way(true, 4000, TCP_SYN, 0, EMPTY, 1000);
	acks = SEQ + 77;
	assert_string_equal(packet(TCP_SYN | TCP_ACK, 500000, EMPTY), "");
	acks = SEQ + 1;
	assert_string_equal(packet(TCP_SYN | TCP_ACK, 900000, EMPTY), "");
	packet_way(true, 4000, TCP_ACK | TCP_PSH, 1, SPAN_LIT(M12("q")), 1000);
	assert_string_equal(packet(TCP_ACK | TCP_PSH, 900001, SPAN_LIT(M12("b"))), "bb12.");
}

static void what_is_no_dns_is_let_go(void **state)
{
	(void)state;
	ask(4000, 2, 1000);
	ask(2, 2, 1000);
	assert_string_equal(packet(TCP_ACK, 1, SPAN_LIT("\0\1x")), "");
	assert_string_equal(packet(TCP_ACK, 4, SPAN_LIT("no DNS at all, for sure")), "");
	/* segments that contradict each other */
	packet_from(2, TCP_SYN | TCP_ACK, 0, EMPTY, 1000);
	packet_from(2, TCP_ACK, 1, SPAN_LIT("\0\x0c" "aaaa"), 1000);
	assert_string_equal(packet_from(2, TCP_ACK, 3, SPAN_LIT("bbbbbbbbbbbb"), 1000), "");
	assert_string_equal(packet_from(2, TCP_ACK, 7, SPAN_LIT("aaaaaaaa"), 1000), "");
}

/* send_long - @len bytes of a message of that length with its prefix, in segments of 1000, the first of them last; what the last one said */
static const char *send_long(uint16_t port, size_t len)
{
	static char message[LIMIT_DNS_STREAM_BYTES + 3];

	memset(message, 'm', sizeof(message));
	message[0] = (char)((len - 2) >> 8);
	message[1] = (char)(len - 2);
	ask(port, 2, 1000);
	for (size_t at = 1000; at < len; at += 1000)
		packet_from(port, TCP_ACK, 1 + (uint32_t)at, (struct span){ message + at, len - at < 1000 ? len - at : 1000 }, 1000);
	return packet_from(port, TCP_ACK, 1, (struct span){ message, 1000 }, 1000);
}

static void long_messages_are_read_or_passed_over(void **state)
{
	char want[32];

	(void)state;
	snprintf(want, sizeof(want), "mm%d.", LIMIT_DNS_STREAM_BYTES);
	assert_string_equal(send_long(1, LIMIT_DNS_STREAM_BYTES + 2), want);
	assert_string_equal(send_long(2, LIMIT_DNS_STREAM_BYTES + 3), "");
	/* the byte that the buffer had no room for, then another message, cut so that it cannot be taken for a beginning */
	packet_from(2, TCP_ACK, 1 + LIMIT_DNS_STREAM_BYTES + 2, SPAN_LIT("m" "\0"), 1000);
	assert_string_equal(packet_from(2, TCP_ACK, 1 + LIMIT_DNS_STREAM_BYTES + 4, SPAN_LIT("\x0c" "zzzzzzzzzzzz"), 1000), "zz12.");
}

static void answers_that_nobody_asked_for_are_not_told(void **state)
{
	static char many[2 * LIMIT_DNS_PACKET_MESSAGES * 14];
	size_t told = 0;

	(void)state;
	ask(1, 0, 1000);
	assert_string_equal(packet_from(1, TCP_ACK, 1, SPAN_LIT(M12("a") M12("b")), 1000), "");
	questions(1, 2, 1000);
	assert_string_equal(packet_from(1, TCP_ACK, 29, SPAN_LIT(M12("c") M12("d") M12("e")), 1000), "cc12+dd12.");
	ask(2, 1, 1000);		/* of another connection */
	assert_string_equal(packet_from(1, TCP_ACK, 71, SPAN_LIT(M12("f")), 1000), "");
	/* and of one packet only so many */
	for (size_t i = 0; i < sizeof(many); i += 14)
		memcpy(many + i, M12("q"), 14);
	packet_way(true, 3, TCP_SYN, 0, EMPTY, 1000);
	packet_way(true, 3, TCP_ACK, 1, (struct span){ many, sizeof(many) }, 1000);
	for (const char *at = said; (at = strstr(at, "qq12")); at++)
		told++;
	assert_int_equal(told, LIMIT_DNS_PACKET_MESSAGES);
	assert_int_equal(said[strlen(said) - 1], '.');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_come_out_of_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(a_message_is_found_in_its_packet, setup, teardown),
		cmocka_unit_test_setup_teardown(a_connection_is_taken_up_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_handshake_out_of_nowhere_begins_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_dns_is_let_go, setup, teardown),
		cmocka_unit_test_setup_teardown(long_messages_are_read_or_passed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_that_nobody_asked_for_are_not_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
