/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sockets - a group of listeners of our own, never half of somebody else's; who has a port
 * links: sockets taken addr
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sockets.h"
#include "span.h"

static char why[256];

/* a port that was free a moment ago */
static uint16_t free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static struct addr probe_at(uint16_t port)
{
	struct addr a;

	assert_true(addr_parse(&a, SPAN_LIT("127.0.0.1")));
	a.port_be = htons(port);
	return a;
}

static bool connects(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	close(fd);
	return ok;
}

static void a_port_that_is_taken_is_refused_and_its_owner_named(void **state)
{
	struct sockets a, b;
	uint16_t port = free_port(), other = free_port();
	struct addr none = { 0 }, probe = probe_at(other);
	char pid[32];

	(void)state;
	snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	assert_int_equal(sockets_open(&a, NULL, port, 3, &probe, why, sizeof(why)), 0);
	assert_int_equal(sockets_open(&b, NULL, port, 1, &none, why, sizeof(why)), -1);	/* SO_REUSEPORT or not */
	assert_non_null(strstr(why, pid));
	assert_int_equal(b.listeners, 0);
	assert_int_equal(sockets_open(&b, NULL, free_port(), 1, &probe, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "probe"));
	assert_non_null(strstr(why, pid));
	sockets_close(&a);
	assert_false(connects(port));
}

static void what_did_not_change_is_taken_over(void **state)
{
	struct sockets a, b;
	uint16_t port = free_port();
	struct addr probe = probe_at(free_port()), none = { 0 };
	int first, second, kept;

	(void)state;
	assert_int_equal(sockets_open(&a, NULL, port, 2, &probe, why, sizeof(why)), 0);
	first = a.listen[0], second = a.listen[1], kept = a.probe;
	assert_int_equal(sockets_open(&b, &a, port, 1, &probe, why, sizeof(why)), 0);
	assert_int_equal(b.listen[0], first);
	assert_int_equal(b.probe, kept);
	assert_int_equal(a.listen[0], -1);
	assert_int_equal(a.listen[1], second);		/* left over, for the caller to close */
	sockets_close(&a);
	assert_true(connects(port));
	assert_int_equal(sockets_open(&a, &b, port, 3, &none, why, sizeof(why)), 0);
	assert_int_equal(a.listen[0], first);
	assert_true(a.listen[2] >= 0);
	assert_int_equal(b.probe, kept);		/* no probe any more: left over */
	sockets_close(&b);
	sockets_close(&a);
}

static void undoing_gives_everything_back(void **state)
{
	struct sockets a, b, was;
	uint16_t port = free_port();
	struct addr probe = probe_at(free_port());

	(void)state;
	assert_int_equal(sockets_open(&a, NULL, port, 2, &probe, why, sizeof(why)), 0);
	was = a;
	assert_int_equal(sockets_open(&b, &a, port, 4, &probe, why, sizeof(why)), 0);
	sockets_undo(&b, &a);
	assert_memory_equal(b.listen, was.listen, sizeof(was.listen));
	assert_int_equal(b.probe, was.probe);
	assert_int_equal(b.listeners, 2);
	assert_true(connects(port));
	sockets_close(&b);
	assert_false(connects(port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_is_taken_is_refused_and_its_owner_named),
		cmocka_unit_test(what_did_not_change_is_taken_over),
		cmocka_unit_test(undoing_gives_everything_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
