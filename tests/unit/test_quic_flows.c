/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_quic_flows - entries go in the order in which they came, by room, by age or at the end, and those that are dropped go unsaid
 *
 * limits: QUIC_FLOWS
 * links: quic_flows quic_initial quic_crypto addr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "limits.h"
#include "quic_build.h"
#include "quic_flows.h"

static struct gone {
	unsigned count;
	uint16_t port[1024];
} gone;

static void on_gone(void *ctx, const struct quic_entry *e)
{
	struct gone *g = ctx;

	g->port[g->count++ % 1024] = ntohs(e->client.port_be);
}

static struct quic_flows *table(uint32_t max)
{
	struct quic_flows *t = quic_flows_new(max, 42, on_gone, &gone);

	assert_non_null(t);
	gone.count = 0;
	return t;
}

static struct addr end_of(uint8_t host, unsigned port)
{
	uint8_t ip[4] = { 10, 0, 0, host };
	struct addr a;

	addr_from_ip(&a, AF_INET, ip);
	a.port_be = htons((uint16_t)port);
	return a;
}

static struct quic_entry *find(const struct quic_flows *t, unsigned port)
{
	struct addr client = end_of(2, port), server = end_of(1, 443);

	return quic_flows_find(t, &client, &server);
}

static struct quic_entry *add(struct quic_flows *t, unsigned port, uint64_t now_ms)
{
	struct addr client = end_of(2, port), server = end_of(1, 443);
	struct quic_entry *e = quic_flows_add(t, &client, &server, now_ms);

	assert_non_null(e);
	assert_ptr_equal(find(t, port), e);
	return e;
}

static void an_entry_is_found_by_both_its_ends(void **state)
{
	struct quic_flows *t = table(4);
	struct addr client = end_of(2, 7), server = end_of(1, 443), other = end_of(3, 7);

	(void)state;
	assert_null(find(t, 7));
	add(t, 7, 0);
	assert_null(find(t, 8));
	assert_null(quic_flows_find(t, &server, &client));
	assert_null(quic_flows_find(t, &other, &server));
	assert_null(quic_flows_find(t, &client, &other));
	quic_flows_drop(t, find(t, 7));
	assert_true(!find(t, 7) && quic_flows_count(t) == 0 && gone.count == 0);
	quic_flows_free(t);
	quic_flows_free(NULL);
}

static void at_the_bound_the_oldest_goes(void **state)
{
	struct quic_flows *t = table(LIMIT_QUIC_FLOWS);

	(void)state;
	for (unsigned i = 0; i < LIMIT_QUIC_FLOWS; i++)
		add(t, 1000 + i, i);
	assert_int_equal(gone.count, 0);
	for (unsigned i = 0; i < 10; i++) {
		add(t, 5000 + i, 1000);
		assert_int_equal(quic_flows_count(t), LIMIT_QUIC_FLOWS);
		assert_true(gone.count == i + 1 && gone.port[i] == 1000 + i && !find(t, 1000 + i) && find(t, 1001 + i));
	}
	quic_flows_end(t);
	assert_int_equal(gone.count, 10 + LIMIT_QUIC_FLOWS);
	for (unsigned i = 0; i < LIMIT_QUIC_FLOWS; i++)
		assert_int_equal(gone.port[10 + i], i + 10 < LIMIT_QUIC_FLOWS ? 1010 + i : 5000 + i + 10 - LIMIT_QUIC_FLOWS);
	assert_int_equal(quic_flows_count(t), 0);
	add(t, 1, 0);
	quic_flows_free(t);		/* says nothing */
	assert_int_equal(gone.count, 10 + LIMIT_QUIC_FLOWS);
}

static void dropped_ones_leave_their_place(void **state)
{
	struct quic_flows *t = table(4);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		add(t, i, i);
	quic_flows_drop(t, find(t, 0));
	quic_flows_drop(t, find(t, 2));
	add(t, 4, 4);			/* in the place of 0 */
	assert_int_equal(gone.count, 0);
	assert_int_equal(quic_flows_count(t), 3);
	add(t, 5, 5);			/* 1 stood longest */
	assert_true(gone.count == 1 && gone.port[0] == 1);
	quic_flows_end(t);
	assert_true(gone.count == 4 && gone.port[1] == 3 && gone.port[2] == 4 && gone.port[3] == 5);
	quic_flows_free(t);
}

static void the_old_ones_go(void **state)
{
	struct quic_flows *t = table(8);

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		add(t, i, 100 + i * 10);
	quic_flows_drop(t, find(t, 1));
	quic_flows_age(t, 0, 50);		/* a clock that went back */
	quic_flows_age(t, 149, 50);
	assert_int_equal(gone.count, 0);
	quic_flows_age(t, 170, 50);
	assert_true(gone.count == 2 && gone.port[0] == 0 && gone.port[1] == 2 && find(t, 3));
	quic_flows_age(t, 1000, 50);
	assert_true(gone.count == 5 && quic_flows_count(t) == 0);
	quic_flows_free(t);
}

static void an_entry_remembers_why_it_is_not_whole(void **state)
{
	struct quic_crypto *crypto = quic_crypto_new();
	struct initial i = { .version = 1, .dcid = SPAN_LIT("8 bytes."), .pn_bytes = 1 };
	struct bytes hello = { 0 }, frames = { 0 }, half = { 0 }, rest = { 0 };
	struct span alien = SPAN_LIT("\x40 a short header"), noise = SPAN_LIT("\xc0\0\0\0\1\0\0\0\x1b" "abcdefghijklmnopqrstuvwxyza"), out;
	struct quic_flows *t = table(4);
	struct quic_entry *e = add(t, 1, 0);

	(void)state;
	build_hello(&hello, SPAN_LIT("www.example"), 600);
	put_crypto(&frames, bytes_span(&hello), 0, 300);
	build_initial(&half, crypto, &i, bytes_span(&frames));
	frames.len = 0;
	put_crypto(&frames, bytes_span(&hello), 300, 300);
	build_initial(&rest, crypto, &i, bytes_span(&frames));

	assert_int_equal(quic_flows_feed(t, e, alien, &out), QUIC_ALIEN);
	assert_int_equal(e->why, QUIC_ALIEN);
	assert_int_equal(quic_flows_feed(t, e, noise, &out), QUIC_DECRYPT);
	assert_int_equal(e->why, QUIC_DECRYPT);
	assert_int_equal(quic_flows_feed(t, e, alien, &out), QUIC_ALIEN);
	assert_int_equal(e->why, QUIC_DECRYPT);
	assert_int_equal(quic_flows_feed(t, e, bytes_span(&half), &out), QUIC_MORE);
	assert_int_equal(e->why, QUIC_MORE);

	/* by itself a datagram says the same, and changes no entry */
	assert_int_equal(quic_flows_alone(t, noise, &out), QUIC_DECRYPT);
	assert_int_equal(quic_flows_alone(t, bytes_span(&half), &out), QUIC_MORE);
	assert_int_equal(quic_flows_alone(t, bytes_span(&rest), &out), QUIC_MORE);	/* remembers no first half */
	assert_int_equal(quic_flows_feed(t, e, bytes_span(&rest), &out), QUIC_HELLO);
	assert_true(span_eq(out, bytes_span(&hello)));
	quic_flows_done(e);
	assert_int_equal(quic_flows_feed(t, e, noise, &out), QUIC_MORE);
	assert_true(e->done && find(t, 1) == e);
	quic_flows_free(t);
	quic_crypto_free(crypto);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_found_by_both_its_ends),
		cmocka_unit_test(at_the_bound_the_oldest_goes),
		cmocka_unit_test(dropped_ones_leave_their_place),
		cmocka_unit_test(the_old_ones_go),
		cmocka_unit_test(an_entry_remembers_why_it_is_not_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
