/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_word - what the reader says is checked before it is believed
 * links: word addr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "guard.h"
#include "word.h"

#define NONE ((struct span){ NULL, 0 })

static struct dns_msg m;

static void fill(unsigned names, unsigned addrs)
{
	memset(&m, 0, sizeof(m));
	m.names = m.links = (uint8_t)names;
	m.addrs = (uint16_t)addrs;
	m.ttl_s = 77;
	for (unsigned i = 0; i < names; i++) {
		m.name[i].len = (uint8_t)(i ? DNS_TEXT : 0);	/* the root, then the longest there is */
		memset(m.name[i].text, 'a' + (int)i, m.name[i].len);
	}
	for (unsigned i = 0; i < addrs; i++) {
		m.addr[i].family = i % 2 ? AF_INET6 : AF_INET;
		m.addr[i].ip[0] = 0x20;
		m.addr[i].ip[3] = (uint8_t)i;
	}
}

static void what_is_written_is_read(void **state)
{
	static const struct { unsigned names, addrs; } row[] = {
		{ 1, 0 }, { 1, 1 }, { 2, 3 }, { 1 + DNS_CHAIN, LIMIT_DNS_MESSAGE_RECORDS },
	};
	static char body[WORD_BYTES];
	struct msg_dns_read head = { .packet_id = 5, .what = DNS_READ_ANSWER };
	struct span rest, name;
	struct word w;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fill(row[i].names, row[i].addrs);
		n = word_write(body, &head, &m, NONE, NONE);
		assert_true(word_read(guard_copy((struct span){ body, n }), &w));
		assert_int_equal(w.head.packet_id, 5);
		assert_int_equal(w.head.ttl_s, 77);
		rest = w.chain;
		for (unsigned k = 0; k < row[i].names; k++) {
			assert_true(chain_next(&rest, &name));
			assert_true(span_eq(name, dns_name_span(&m.name[k])));
		}
		assert_int_equal(rest.len, 0);
		assert_int_equal(w.head.addrs, row[i].addrs);
		assert_memory_equal(w.addr, m.addr, row[i].addrs * sizeof(m.addr[0]));
	}
	n = word_write(body, &head, NULL, NONE, NONE);
	assert_true(word_read((struct span){ body, n }, &w));
	assert_int_equal(w.head.names + w.head.addrs + w.chain.len, 0);
}

static void no_length_is_believed(void **state)
{
	static char body[WORD_BYTES + sizeof(struct addr)];
	struct msg_dns_read head = { 0 };
	struct word w;
	size_t n;

	(void)state;
	fill(2, 2);
	n = word_write(body, &head, &m, NONE, NONE);
	for (size_t cut = 0; cut < n; cut++)	/* any_shorter_word_is_malformed */
		assert_false(word_read(guard_copy((struct span){ body, cut }), &w));
	assert_false(word_read((struct span){ body, n + 1 }, &w));
	for (int delta = -1; delta <= 1; delta += 2) {
		struct msg_dns_read lie = head;

		lie.names = (uint16_t)(lie.names + delta);
		memcpy(body, &lie, sizeof(lie));
		assert_false(word_read(guard_copy((struct span){ body, n }), &w));
		lie = head;
		lie.refused = (uint16_t)(lie.refused + delta);
		memcpy(body, &lie, sizeof(lie));
		assert_false(word_read(guard_copy((struct span){ body, n }), &w));
		lie = head;
		lie.stripped = (uint16_t)(lie.stripped + delta);
		memcpy(body, &lie, sizeof(lie));
		assert_false(word_read(guard_copy((struct span){ body, n }), &w));
		lie = head;
		lie.addrs = (uint16_t)(lie.addrs + delta);
		memcpy(body, &lie, sizeof(lie));
		assert_false(word_read(guard_copy((struct span){ body, n }), &w));
	}
	/* more addresses than there is room for, all of them there */
	fill(1, LIMIT_DNS_MESSAGE_RECORDS);
	n = word_write(body, &head, &m, NONE, NONE);
	head.addrs++;
	memcpy(body, &head, sizeof(head));
	assert_false(word_read((struct span){ body, n + sizeof(struct addr) }, &w));
}

static void what_may_take_its_place_comes_along(void **state)
{
	static char body[WORD_BYTES], long_one[WORD_MESSAGE + 1];
	struct msg_dns_read head = { 0 };
	struct span most = { long_one, WORD_MESSAGE };
	struct word w;
	size_t n;

	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	fill(1 + DNS_CHAIN, LIMIT_DNS_MESSAGE_RECORDS);
	m.links = 2;
	for (int i = 0; i < 4; i++) {
		struct span refused = i & 1 ? most : SPAN_LIT("refused"), stripped = i & 2 ? most : NONE;

		n = word_write(body, &head, &m, refused, stripped);
		assert_true(n <= sizeof(body));
		assert_true(word_read(guard_copy((struct span){ body, n }), &w));
		assert_int_equal(w.head.links, 2);
		assert_true(span_eq(w.refused, refused) && span_eq(w.stripped, stripped));
		for (size_t cut = n - 10; cut < n; cut++)
			assert_false(word_read(guard_copy((struct span){ body, cut }), &w));
	}
	fill(2, 0);
	m.links = 3;		/* more than there are names */
	n = word_write(body, &head, &m, NONE, NONE);
	assert_false(word_read((struct span){ body, n }, &w));
	m.links = 1;		/* all there, but too long */
	n = word_write(body, &head, &m, (struct span){ long_one, sizeof(long_one) }, NONE);
	assert_false(word_read((struct span){ body, n }, &w));
	n = word_write(body, &head, &m, NONE, (struct span){ long_one, sizeof(long_one) });
	assert_false(word_read((struct span){ body, n }, &w));
}

static void odd_addresses_are_left_out(void **state)
{
	static char body[WORD_BYTES];
	struct msg_dns_read head = { 0 };
	struct word w;
	size_t n;

	(void)state;
	fill(1, 3);
	m.addr[0].family = 0;
	m.addr[1].family = AF_INET6;	/* v4-mapped */
	memset(m.addr[1].ip, 0, 16);
	m.addr[1].ip[10] = m.addr[1].ip[11] = 0xff, m.addr[1].ip[12] = 10;
	m.addr[2].port_be = 53;
	n = word_write(body, &head, &m, NONE, NONE);
	assert_true(word_read((struct span){ body, n }, &w));
	assert_int_equal(w.head.addrs, 2);
	assert_int_equal(w.addr[0].family, AF_INET);
	assert_int_equal(w.addr[0].ip[0], 10);
	assert_int_equal(w.addr[1].port_be, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(no_length_is_believed),
		cmocka_unit_test(what_may_take_its_place_comes_along),
		cmocka_unit_test(odd_addresses_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
