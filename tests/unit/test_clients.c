/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_clients - links: clients addr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "clients.h"

static struct addr ip(uint8_t i)
{
	struct addr a;

	addr_from_ip(&a, AF_INET, (uint8_t[]){ 10, 1, 0, i });
	return a;
}

static bool learn(struct clients *c, uint8_t i, uint8_t hw)
{
	struct addr a = ip(i);

	return clients_learn(c, &a, (uint8_t[]){ 2, 0, 0, 0, 0, hw });
}

/* the last byte of the link-layer address, or 0 */
static uint8_t find(const struct clients *c, uint8_t i)
{
	struct addr a = ip(i);
	struct client client = clients_find(c, &a);

	if (client.kind == CLIENT_HW)
		return client.hw[5];
	assert_int_equal(client.kind, CLIENT_IP);
	assert_true(addr_eq_ip(&client.ip, &a));
	return 0;
}

static void the_last_word_counts(void **state)
{
	struct clients *c = clients_new(4, 1);
	struct addr v6, port = ip(1);

	(void)state;
	assert_int_equal(find(c, 1), 0);
	assert_false(learn(c, 1, 1));
	assert_int_equal(find(c, 1), 1);
	assert_false(learn(c, 1, 9));
	assert_int_equal(find(c, 1), 9);
	assert_int_equal(clients_count(c), 1);
	port.port_be = 53;
	assert_int_equal(clients_find(c, &port).kind, CLIENT_HW);
	/* an IPv6 address that begins with the same bytes is another client */
	addr_from_ip(&v6, AF_INET6, (uint8_t[16]){ 10, 1, 0, 1 });
	assert_int_equal(clients_find(c, &v6).kind, CLIENT_IP);
	port = ip(1);
	clients_forget(c, &port);
	clients_forget(c, &port);
	assert_int_equal(find(c, 1), 0);
	assert_int_equal(clients_count(c), 0);
	clients_free(c);
}

static void at_the_bound_the_least_recent_is_forgotten(void **state)
{
	struct clients *c = clients_new(3, 1);
	struct addr a = ip(4);

	(void)state;
	learn(c, 1, 1);
	learn(c, 2, 2);
	learn(c, 3, 3);
	learn(c, 1, 1);		/* 2 is now the least recent */
	assert_true(learn(c, 4, 4));
	assert_int_equal(find(c, 2), 0);
	assert_true(find(c, 1) == 1 && find(c, 3) == 3 && find(c, 4) == 4);
	clients_forget(c, &a);
	assert_false(learn(c, 5, 5));
	assert_true(learn(c, 6, 6));
	assert_int_equal(find(c, 3), 0);
	assert_true(find(c, 1) == 1 && find(c, 5) == 5 && find(c, 6) == 6);
	for (int i = 0; i < 1000; i++)
		learn(c, (uint8_t)i, (uint8_t)(i | 1));
	assert_int_equal(clients_count(c), 3);
	clients_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_word_counts),
		cmocka_unit_test(at_the_bound_the_least_recent_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
