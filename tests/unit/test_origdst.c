/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_origdst - redirected and direct connections, IPv4 on a dual-stack listener and IPv6, in a network namespace of its own
 *
 * links: origdst addr
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns.h"
#include "origdst.h"

static int listener = -1;

static int set_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(3129) };
	int zero = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return -1;
	close(fd);
	listener = socket(AF_INET6, SOCK_STREAM, 0);
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(listener, 8) < 0)
		return -1;
	return system("/usr/sbin/nft 'table inet t { chain c { type nat hook output priority -105; "
		      "tcp dport 80 redirect to :3129; ip daddr 127.0.0.77 tcp dport 3129 redirect to :3129; }; }'");
}

/* the accepted end of a connection to @to */
static int answer_of(const char *to, struct addr *dst)
{
	struct sockaddr_storage ss;
	struct addr a;
	struct sockaddr_storage from;
	struct addr client;
	socklen_t len, from_len = sizeof(from);
	int fd, got, ret;

	assert_true(addr_parse_port(&a, span_of(to)));
	len = addr_to_sockaddr(&a, &ss);
	fd = socket(a.family, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	got = accept(listener, (struct sockaddr *)&from, &from_len);
	assert_true(got >= 0);
	assert_true(addr_from_sockaddr(&client, &from));
	ret = origdst_get(got, &client, htons(3129), dst);
	close(got);
	close(fd);
	return ret;
}

static void redirected(void **state)
{
	static const char *const rows[] = { "127.0.0.9:80", "[::1]:80", "127.0.0.77:3129" /* the same port elsewhere */ };
	char text[ADDR_TEXT];
	struct addr dst;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(answer_of(rows[i], &dst), ORIGDST_REDIRECTED);
		assert_string_equal(addr_format_port(&dst, text), rows[i]);
	}
}

static void never_redirected(void **state)
{
	struct addr dst;

	(void)state;
	assert_int_equal(answer_of("127.0.0.1:3129", &dst), ORIGDST_DIRECT);
	assert_int_equal(answer_of("[::1]:3129", &dst), ORIGDST_DIRECT);
}

static void no_socket(void **state)
{
	struct addr client = { .family = AF_INET }, dst;
	int pair[2];

	(void)state;
	assert_int_equal(origdst_get(-1, &client, htons(3129), &dst), -EBADF);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(origdst_get(pair[0], &client, htons(3129), &dst), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirected),
		cmocka_unit_test(never_redirected),
		cmocka_unit_test(no_socket),
	};

	if (!netns_enter() || access("/usr/sbin/nft", X_OK) < 0 || set_up() != 0) {
		puts("SKIP test_origdst: needs root, nft and a network namespace\n[  SKIPPED ] 3 test(s).");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
