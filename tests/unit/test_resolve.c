/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_resolve - hosts resolved ahead, against a name server in this process and a network namespace of its own
 * links: resolve dns_msg dns_name addr log
 */
/* limits: RESOLVE_AT_ONCE RESOLVE_RETRY_MS_MIN */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <ev.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "limits.h"
#include "resolve.h"

/* --- the rules: only their hosts --- */

enum { HOSTS = 200 };
static char host[HOSTS][32];
static uint32_t hosts;

uint32_t rules_host_count(const struct rules *r)
{
	(void)r;
	return hosts;
}

struct span rules_host(const struct rules *r, uint32_t i)
{
	(void)r;
	return span_of(host[i]);
}

static void hosts_are(uint32_t n)
{
	hosts = n;
	for (uint32_t i = 0; i < n; i++)	/* not in their order, and each twice */
		snprintf(host[i], sizeof(host[i]), "h%u.example", (n - i) / 2);
}

/* --- the name server --- */

static struct {
	int fd;
	ev_io io;
	bool silent;
	uint8_t rcode;
	uint32_t asked;
} server;

/* "NAME is an alias of edge.example, which has 203.0.113.7 or 2001:db8::7", TTL 1000 */
static size_t server_answer(uint8_t *m, size_t n)
{
	static const uint8_t edge[] = { 0xc0, 12, 0, 5, 0, 1, 0, 0, 3, 0xe8, 0, 14, 4, 'e', 'd', 'g', 'e', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };
	static const uint8_t four[] = { 0, 1, 0, 1, 0, 0, 3, 0xe8, 0, 4, 203, 0, 113, 7 };
	static const uint8_t six[] = { 0, 28, 0, 1, 0, 0, 3, 0xe8, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 };
	bool is6 = m[n - 3] == 28;

	m[2] = 0x81, m[3] = (uint8_t)(0x80 | server.rcode);
	if (server.rcode)
		return n;
	m[7] = 2;
	memcpy(m + n, edge, sizeof(edge));
	m[n + sizeof(edge)] = 0xc0, m[n + sizeof(edge) + 1] = (uint8_t)(n + 12);
	n += sizeof(edge) + 2;
	memcpy(m + n, is6 ? six : four, is6 ? sizeof(six) : sizeof(four));
	return n + (is6 ? sizeof(six) : sizeof(four));
}

static void server_on_query(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t m[512];
	ssize_t n;

	(void)loop, (void)w, (void)revents;
	while ((n = recvfrom(server.fd, m, 200, MSG_DONTWAIT, (void *)&from, &len)) > 16) {
		server.asked++;
		if (!server.silent)
			sendto(server.fd, m, server_answer(m, (size_t)n), 0, (void *)&from, len);
	}
}

/* --- what comes out --- */

static struct {
	uint32_t answers, four, six;
	bool refuse;
} got;

static bool on_answer(void *ctx, const struct dns_msg *m)
{
	(void)ctx;
	got.answers++;
	assert_int_equal(m->names, 2);
	assert_string_equal(m->name[1].text, "edge.example");
	assert_int_equal(m->addrs, 1);
	assert_int_equal(m->ttl_s, 1000);
	*(m->addr[0].family == AF_INET ? &got.four : &got.six) += 1;
	return !got.refuse;
}

static const char *cannot;
static struct ev_loop *loop;

static int setup(void **state)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	loop = ev_default_loop(0);
	if (unshare(CLONE_NEWNET) < 0) {
		cannot = "no network namespace";
		return 0;
	}
	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(server.fd, SIOCSIFFLAGS, &lo) < 0 || bind(server.fd, (void *)&a, sizeof(a)) < 0)
		return -1;
	ev_io_init(&server.io, server_on_query, server.fd, EV_READ);
	ev_io_start(loop, &server.io);
	return 0;
}

#define NEED_NAMESPACE() do {					\
	if (cannot) {						\
		print_message("SKIP test_resolve: %s\n", cannot);	\
		skip();						\
	}							\
} while (0)

static void stop(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	ev_break(l, EVBREAK_ALL);
}

static void run_for(double seconds)
{
	ev_timer t;

	ev_now_update(loop);
	ev_timer_init(&t, stop, seconds, 0.);
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
	ev_timer_stop(loop, &t);
}

static struct resolve *fresh(void)
{
	char path[] = "/tmp/dejunk-resolv-XXXXXX";
	static const char conf[] = "# test\nsearch example\nnameserver fe80::1%eth0\n\tnameserver  127.0.0.1 \noptions edns0\n";
	struct resolve *r = resolve_new(loop, on_answer, NULL);
	int fd = mkstemp(path);

	assert_non_null(r);
	unlink(path);
	assert_int_equal(write(fd, conf, sizeof(conf) - 1), sizeof(conf) - 1);
	assert_int_equal(resolve_servers(r, fd), 1);
	close(fd);
	memset(&got, 0, sizeof(got));
	server.asked = 0, server.silent = false, server.rcode = 0;
	return r;
}

static void every_host_is_asked_for_both_families_once(void **state)
{
	struct resolve *r;

	(void)state;
	NEED_NAMESPACE();
	r = fresh();
	hosts_are(100);
	resolve_hosts(r, NULL);
	run_for(0.6);
	assert_int_equal(got.four, 51);		/* h0 to h50 */
	assert_int_equal(got.six, 51);
	assert_int_equal(server.asked, 102);
	hosts_are(120);				/* after a reload only the new ones */
	resolve_hosts(r, NULL);
	run_for(0.6);
	assert_int_equal(server.asked, 122);
	resolve_again(r);			/* for a new listener all of them */
	run_for(0.6);
	assert_int_equal(server.asked, 122 + 122);
	resolve_free(r);
}

static void only_so_many_questions_are_under_way(void **state)
{
	struct resolve *r;

	(void)state;
	NEED_NAMESPACE();
	r = fresh();
	server.silent = true;
	hosts_are(100);
	resolve_hosts(r, NULL);
	run_for(1.0);
	assert_int_equal(server.asked, LIMIT_RESOLVE_AT_ONCE);
	hosts_are(2);		/* those under way leave the rules meanwhile */
	resolve_hosts(r, NULL);
	run_for(0.3);
	resolve_free(r);
}

static void failures_are_not_repeated_at_once(void **state)
{
	struct resolve *r;

	(void)state;
	NEED_NAMESPACE();
	for (uint8_t rcode = 2; rcode <= 3; rcode++) {	/* SERVFAIL: c-ares tries its servers again; NXDOMAIN */
		r = fresh();
		server.rcode = rcode;
		hosts_are(2);
		resolve_hosts(r, NULL);
		run_for(0.5);
		assert_in_range(server.asked, 4, 12);
		server.asked = 0;
		run_for(1.0);
		assert_int_equal(server.asked, 0);
		assert_int_equal(got.answers, 0);
		resolve_free(r);
	}
}

static void what_could_not_be_handed_on_is_asked_again_soon(void **state)
{
	struct resolve *r;

	(void)state;
	NEED_NAMESPACE();
	r = fresh();
	got.refuse = true;
	hosts_are(1);
	resolve_hosts(r, NULL);
	run_for(0.6);
	assert_int_equal(got.answers, 2);
	got.refuse = false;
	run_for(1.2);
	assert_int_equal(got.answers, 4);
	run_for(1.2);
	assert_int_equal(got.answers, 4);
	resolve_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_host_is_asked_for_both_families_once),
		cmocka_unit_test(only_so_many_questions_are_under_way),
		cmocka_unit_test(failures_are_not_repeated_at_once),
		cmocka_unit_test(what_could_not_be_handed_on_is_asked_again_soon),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
