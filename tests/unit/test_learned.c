/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_learned - answers in, set changes out; rules, clock of the week and monitor are scripted here
 * links: learned learned_copy refusal judge setbox names names_store addr counters log reached
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "learned.h"
#include "limits.h"

/* --- rules: one blocked name at a time, from a minute on; a prefix or none --- */

struct rules {
	const char *blocked;
	uint32_t nets;
	uint64_t generation;
	time_t boundary;	/* before it no name is blocked */
	time_t nets_until;	/* from then on the prefix is not; 0: it always is */
	bool dropped;		/* its reference was given back */
};

static struct gateway gateway;

const struct gateway *rules_gateway(const struct rules *r)
{
	(void)r;
	return &gateway;
}

void rules_put(struct rules *r)
{
	if (r)
		r->dropped = true;
}

uint64_t rules_generation(const struct rules *r)
{
	return r->generation;
}

uint16_t rules_minute(time_t t)
{
	(void)t;
	return 0;
}

time_t rules_next_boundary(const struct rules *r, time_t t)
{
	time_t next = r->boundary ? r->boundary : r->nets_until;

	return t < next ? next : next ? t + 1000000 : 0;
}

static time_t clock_set;	/* seconds by which the wall clock was set */

time_t time(time_t *t)
{
	struct timespec now;

	assert_null(t);
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + clock_set;
}

bool rules_is_resolver(const struct rules *r, const struct station *client, struct span name)
{
	(void)r, (void)client, (void)name;
	return false;
}

struct verdict rules_connection(const struct rules *r, const struct station *client, const struct addr *server,
				struct span name, uint16_t minute)
{
	(void)client, (void)server, (void)minute;
	if (r->nets && name.len == 0 && server->ip[0] == 192 && (!r->nets_until || time(NULL) < r->nets_until))
		return (struct verdict){ .action = ACT_BLOCK, .origin = 2 };
	if (r->blocked && span_eq(name, span_of(r->blocked)) && time(NULL) >= r->boundary)
		return (struct verdict){ .action = ACT_BLOCK, .origin = 1 };
	return (struct verdict){ .action = ACT_PASS };
}

uint32_t rules_host_count(const struct rules *r)
{
	return r->blocked ? 1 : 0;
}

struct span rules_host(const struct rules *r, uint32_t i)
{
	(void)i;
	return span_of(r->blocked);
}

uint32_t rules_net_count(const struct rules *r)
{
	return r->nets;
}

struct prefix rules_net(const struct rules *r, uint32_t i)
{
	struct prefix p;

	(void)r, (void)i;
	assert_true(prefix_parse(&p, SPAN_LIT("192.0.2.0/24")));
	return p;
}

/* --- the monitor --- */

static struct {
	char text[65536];	/* "+r .3 -s .4 /" and so on; "/" ends a transaction */
	size_t len;
	uint32_t seq, sent;
	uint64_t ready;
	bool full, mute;	/* the socket is full; it does not answer */
} monitor;

static struct learned *l;
static struct child child;

int child_send(struct child *c, enum message type, uint32_t seq, const void *body, size_t len, int fd)
{
	static const char *const what[] = { "r", "s", "n", "flushn", "flushr" };
	const struct msg_set *s = body;

	(void)c, (void)fd;
	assert_int_equal(type, MSG_SETS);
	assert_true(len / sizeof(*s) <= LIMIT_SET_BATCH);
	if (monitor.full)
		return -EAGAIN;
	for (size_t i = 0; i < len / sizeof(*s); i++, monitor.sent++)
		if (monitor.len < sizeof(monitor.text) - 32)
			monitor.len += (size_t)sprintf(monitor.text + monitor.len, "%c%s", s[i].op == SET_ADD ? '+' : '-', what[s[i].set]),
			monitor.len += (size_t)sprintf(monitor.text + monitor.len, s[i].addr.family ? " .%u " : " ", s[i].addr.ip[3]);
	if (monitor.len < sizeof(monitor.text) - 2)
		monitor.len += (size_t)sprintf(monitor.text + monitor.len, "/");
	monitor.seq = seq;
	return 0;
}

void child_ready(struct child *c, uint64_t generation)
{
	(void)c;
	monitor.ready = generation;
}

static void stop(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void run_for(double seconds)
{
	ev_timer t;

	ev_now_update(child.loop);
	ev_timer_init(&t, stop, seconds, 0.);
	ev_timer_start(child.loop, &t);
	ev_run(child.loop, 0);
}

/* runs until nothing is under way; returns what was sent since the last time */
static const char *said(void)
{
	static char text[sizeof(monitor.text)];

	learned_flush(l);
	for (int i = 0; i < 50; i++) {
		run_for(0.002);
		if (!monitor.mute)
			learned_done(l, monitor.seq, 0);
	}
	memcpy(text, monitor.text, monitor.len);
	text[monitor.len] = '\0';
	monitor.len = 0;
	return text;
}

static struct addr address(unsigned last)
{
	char text[32];
	struct addr a;

	snprintf(text, sizeof(text), "203.0.%u.%u", last >> 8, last & 255);
	assert_true(addr_parse(&a, span_of(text)));
	return a;
}

static const struct client alice = { .kind = CLIENT_HW, .hw = { 2, 0, 0, 0, 0, 1 } };
static const struct client nobody;

static uint64_t answer(const struct client *c, const char *chain, unsigned last)
{
	struct addr a = address(last), ip = { 0 };

	if (c->kind)
		addr_parse(&ip, SPAN_LIT("10.1.0.2"));
	return learned_answer(l, c, &ip, NULL, span_of(chain), &a, 1, 300);
}

static bool first(unsigned last)
{
	struct addr a = address(last), ip;

	addr_parse(&ip, SPAN_LIT("10.1.0.2"));
	return learned_first(l, &alice, &ip, &a);
}

static int setup(void **state)
{
	(void)state;
	memset(&monitor, 0, sizeof(monitor));
	gateway = (struct gateway){ 0 };
	child.loop = ev_default_loop(0);
	l = learned_new(&child, 42);
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	learned_free(l);
	return 0;
}

static void without_rules_nothing_is_learned_or_refused(void **state)
{
	(void)state;
	assert_int_equal(answer(&alice, "\003ads", 3), 0);
	assert_false(first(3));
	assert_string_equal(said(), "");
}

static void an_answer_is_waited_for_until_its_changes_are_committed(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 7, .nets = 1 };
	uint64_t position;

	(void)state;
	learned_rules(l, &r);
	assert_string_equal(said(), "+flushr +flushn +n .0 /");
	assert_int_equal(monitor.ready, 7);
	assert_int_equal(answer(&alice, "\003www", 4), 0);	/* nothing to wait for */
	monitor.mute = true;
	position = answer(&alice, "\003www\003ads", 3);
	assert_true(position > learned_position(l));
	assert_string_equal(said(), "+s .3 +r .3 /");
	assert_true(position > learned_position(l));
	learned_done(l, monitor.seq, 0);
	assert_int_equal(position, learned_position(l));
	assert_true(first(3));
	assert_false(first(4));
	learned_free(l);
	assert_true(r.dropped);
	l = NULL;
}

static void a_wanted_name_takes_the_pair_out_and_it_passes(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 1 };

	(void)state;
	learned_rules(l, &r);
	answer(&alice, "\003ads", 3);
	said();
	answer(&alice, "\003www", 3);
	assert_string_equal(said(), "-r .3 /");
	assert_false(first(3));
}

static void the_resolver_itself_is_never_learned(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 1 };
	struct addr ip, two[2] = { address(5), address(6) };

	(void)state;
	addr_parse(&ip, SPAN_LIT("10.1.0.2"));
	learned_rules(l, &r);
	said();
	assert_int_not_equal(learned_answer(l, &alice, &ip, &two[0], SPAN_LIT("\003ads"), two, 2, 300), 0);
	assert_string_equal(said(), "+s .6 +r .6 /");
	assert_false(first(5));
}

static void private_addresses_are_never_learned(void **state)
{
	static const char *const text[] = { "10.1.0.1", "127.0.0.1", "fe80::1", "fd00::1", "224.0.0.1", "::ffff:192.168.1.1" };
	struct rules r = { .blocked = "ads", .generation = 1 };
	struct addr a, ip = { 0 };

	(void)state;
	learned_rules(l, &r);
	said();
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_true(addr_parse(&a, span_of(text[i])));
		assert_int_equal(learned_answer(l, &alice, &ip, NULL, SPAN_LIT("\003ads"), &a, 1, 300), 0);
		assert_false(learned_first(l, &alice, &ip, &a));
	}
	assert_string_equal(said(), "");
}

static void a_refused_packet_tells_the_kernel_once_in_a_while(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 1 };

	(void)state;
	learned_rules(l, &r);
	answer(&alice, "\003ads", 3);
	said();
	for (int i = 0; i < 1000; i++)
		assert_true(first(3));
	assert_string_equal(said(), "+r .3 /");
	run_for(1.0);
	assert_true(first(3));
	assert_string_equal(said(), "+r .3 /");
}

static void new_rules_judge_what_was_learned_before(void **state)
{
	struct rules one = { .blocked = "one", .generation = 1 }, two = { .blocked = "two", .generation = 2 };

	(void)state;
	learned_rules(l, &one);
	answer(&alice, "\003one", 1);
	answer(&alice, "\003two", 2);
	said();
	learned_rules(l, &two);
	assert_true(one.dropped);
	/* emptied first, then the differences, then all that ought to be there */
	assert_string_equal(said(), "+flushr +flushn -s .1 -r .1 +s .2 +r .2 /+s .2 +r .2 /");
	assert_int_equal(monitor.ready, 2);
	assert_true(first(2));
	assert_false(first(1));
}

static void hosts_resolved_ahead_are_suspect_until_they_leave_the_rules(void **state)
{
	struct rules one = { .blocked = "one", .generation = 1 }, two = { .blocked = "two", .generation = 2 };

	(void)state;
	learned_rules(l, &one);
	said();
	answer(&nobody, "\003one", 1);
	assert_string_equal(said(), "+s .1 /");
	assert_false(first(1));
	gateway.unlearned = UNLEARNED_REFUSE;
	assert_true(first(1));
	said();
	answer(&alice, "\003www", 1);		/* refused without a name, then a wanted one: out of the set */
	assert_string_equal(said(), "-r .1 /");
	learned_rules(l, &two);
	assert_string_equal(said(), "+flushr +flushn -s .1 /");
}

/* the rules here let a name pass that has an address of "address:" */
static void a_wanted_name_at_a_blocked_address_takes_the_pair_out(void **state)
{
	struct rules r = { .generation = 1, .nets = 1 };
	struct addr a, ip;

	(void)state;
	addr_parse(&ip, SPAN_LIT("10.1.0.2"));
	addr_parse(&a, SPAN_LIT("192.0.2.7"));
	learned_rules(l, &r);
	said();
	assert_true(learned_first(l, &alice, &ip, &a));
	assert_string_equal(said(), "+r .7 /");
	learned_answer(l, &alice, &ip, NULL, SPAN_LIT("\003www"), &a, 1, 300);
	assert_string_equal(said(), "-r .7 /");
	assert_false(learned_first(l, &alice, &ip, &a));
}

static void at_the_boundary_of_a_schedule_only_differences_are_sent(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 1, .boundary = time(NULL) + 2 };

	(void)state;
	learned_rules(l, &r);
	answer(&alice, "\003ads", 3);
	answer(&alice, "\003www", 4);
	assert_string_equal(said(), "+flushr +flushn /");
	run_for(3.2);
	assert_string_equal(said(), "+s .3 +r .3 /");
}

static void at_the_end_of_a_schedule_pairs_without_names_go_too(void **state)
{
	struct rules r = { .nets = 1, .generation = 1, .nets_until = time(NULL) + 500 };
	struct addr server = { .family = AF_INET, .ip = { 192, 0, 2, 9 } }, client_ip = server;

	(void)state;
	client_ip.ip[0] = 10;
	learned_rules(l, &r);
	said();
	assert_true(learned_first(l, &alice, &client_ip, &server));
	assert_string_equal(said(), "+r .9 /");
	clock_set = 1000;
	run_for(2.2);
	clock_set = 0;
	assert_non_null(strstr(said(), "+flushr"));
}

static void a_clock_set_back_is_a_boundary(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 1, .boundary = time(NULL) - 1000 };

	(void)state;
	learned_rules(l, &r);
	said();
	answer(&alice, "\003ads", 3);
	assert_string_equal(said(), "+s .3 +r .3 /");
	run_for(1.2);
	assert_string_equal(said(), "");
	clock_set = -2000;
	run_for(2.2);
	clock_set = 0;
	assert_string_equal(said(), "-s .3 -r .3 /");
}

static void a_full_socket_is_tried_again(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 1 };

	(void)state;
	learned_rules(l, &r);
	said();
	monitor.full = true;
	answer(&alice, "\003ads", 3);
	assert_string_equal(said(), "");
	monitor.full = false;
	assert_string_equal(said(), "+s .3 +r .3 /");
}

/* 6000 pairs of one client, re-sent after new rules while the monitor answers slowly */
static void many_names_are_filled_in_again_in_bounded_steps(void **state)
{
	enum { PAIRS = 6000 };
	struct rules r = { .blocked = "ads", .generation = 1 }, again = { .blocked = "ads", .generation = 2 };

	(void)state;
	learned_rules(l, &r);
	said();
	monitor.sent = 0;
	for (unsigned i = 0; i < PAIRS; i++)
		answer(&alice, "\003ads", i + 256 * 20);
	for (int i = 0; i < 5; i++)
		said();
	assert_int_equal(monitor.sent, 2 * PAIRS);
	monitor.sent = 0;
	learned_rules(l, &again);
	for (int i = 0; i < 20 && monitor.ready != 2; i++)
		said();
	for (int i = 0; i < 3; i++)
		said();
	assert_int_equal(monitor.ready, 2);
	assert_int_equal(monitor.sent, 2 + 2 * PAIRS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* what one process learned, the next one knows: pairs, aliases, hosts of the rules; judged by the rules of the day */
static void what_was_learned_goes_on_to_the_next_process(void **state)
{
	struct rules r = { .blocked = "ads", .generation = 1 }, other = { .blocked = "www", .generation = 2 };
	int fd = memfd_create("test", MFD_CLOEXEC), again, broken;

	(void)state;
	learned_rules(l, &r);
	answer(&alice, "\003www", 4);
	answer(&alice, "\003www\003ads", 3);
	answer(&alice, "\003ads", 5);
	answer(&alice, "\004good", 5);
	answer(&nobody, "\003ads", 6);
	said();
	assert_int_equal(learned_hand_over(l, fd), 0);
	again = dup(fd);
	learned_free(l);

	l = learned_new(&child, 43);
	learned_take(l, fd);
	learned_rules(l, &r);
	assert_string_equal(said(), "+flushr +flushn /+s .3 +r .3 +s .5 +s .6 /");
	assert_int_equal(monitor.ready, 1);
	assert_true(first(3));
	assert_false(first(4));
	assert_false(first(5));
	answer(&alice, "\004good", 3);		/* and is not forgotten by what is learned now */
	assert_false(first(3));
	learned_free(l);

	l = learned_new(&child, 44);
	learned_take(l, again);
	learned_rules(l, &other);
	said();
	assert_true(first(3) && first(4));
	assert_false(first(5));
	learned_free(l);

	l = learned_new(&child, 45);		/* half a record at the end: what is before it counts */
	broken = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write(broken, "x", 1), 1);
	learned_take(l, broken);
	learned_rules(l, &r);
	assert_string_equal(said(), "+flushr +flushn /");
	assert_false(first(3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_rules_nothing_is_learned_or_refused),
		T(an_answer_is_waited_for_until_its_changes_are_committed),
		T(a_wanted_name_takes_the_pair_out_and_it_passes),
		T(the_resolver_itself_is_never_learned),
		T(private_addresses_are_never_learned),
		T(a_refused_packet_tells_the_kernel_once_in_a_while),
		T(new_rules_judge_what_was_learned_before),
		T(hosts_resolved_ahead_are_suspect_until_they_leave_the_rules),
		T(a_wanted_name_at_a_blocked_address_takes_the_pair_out),
		T(at_the_boundary_of_a_schedule_only_differences_are_sent),
		T(at_the_end_of_a_schedule_pairs_without_names_go_too),
		T(a_clock_set_back_is_a_boundary),
		T(a_full_socket_is_tried_again),
		T(many_names_are_filled_in_again_in_bounded_steps),
		T(what_was_learned_goes_on_to_the_next_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
