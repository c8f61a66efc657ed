/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_nfq - verdicts reach the packets they are meant for; in a network namespace of its own, skipped where there can be none
 * links: nfq nftset kset ip_edit log addr counters
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ip_edit.h"
#include "nfq.h"
#include "nftset.h"

enum { PORT_SYN = 9000, PORT_DNS = 9053, QUEUE_A = 15381, QUEUE_B = 15380, MARK = 0x08000000, OTHERS = 0x11 };

static const char table[] =
	"table inet dejunk {\n"
	"	chain ask_syn {}\n"
	"	chain ask_dns {}\n"
	"	chain ask_hello {}\n"
	"	chain out {\n"
	"		type filter hook output priority 0; policy accept;\n"
	"		udp dport 9000 meta mark set 0x11 jump ask_syn\n"
	"		udp dport 9053 jump ask_dns\n"
	"	}\n"
	"	chain later {\n"
	"		type filter hook output priority 5; policy accept;\n"
	"		udp dport 9000 meta mark 0x08000011 drop\n"
	"	}\n"
	"}\n";

static const char *cannot;	/* why the tests are skipped */

static int setup(void **state)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct nftset *set;
	FILE *nft;
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		cannot = "no network namespace";
		return 0;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return -1;
	close(fd);
	nft = popen("PATH=$PATH:/usr/sbin:/sbin nft -f - 2>/dev/null", "w");
	if (!nft || fputs(table, nft) < 0 || pclose(nft) != 0) {
		cannot = "no nft";
		return 0;
	}
	if (nftset_new(&set) < 0)
		return -1;
	if (nftset_queue_rules(set, &(struct nftset_queues){ QUEUE_A, QUEUE_B, QUEUE_A }, true) < 0)
		cannot = "no queue expression in this kernel";
	nftset_free(set);
	return 0;
}

#define NEED_NAMESPACE() do {				\
	if (cannot) {					\
		print_message("SKIP test_nfq: %s\n", cannot);	\
		skip();					\
	}						\
} while (0)

static struct nfq *open_queue(uint16_t number, unsigned flags, uint32_t length)
{
	struct nfq_setup s = { .number = number, .flags = flags, .copy_bytes = 128, .length = length };
	int err = 0;
	struct nfq *q = nfq_new(&s, &err);

	if (!q)
		fail_msg("queue %u: %s", number, strerror(-err));
	return q;
}

static int udp(uint16_t port, bool listens)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	assert_return_code(listens ? bind(fd, (void *)&a, sizeof(a)) : connect(fd, (void *)&a, sizeof(a)), errno);
	return fd;
}

/* what is in the receiver, as numbers; -1 ends it */
static int next_number(int fd)
{
	uint32_t n;

	return recv(fd, &n, sizeof(n), 0) == sizeof(n) ? (int)n : -1;
}

static void send_numbers(int fd, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(send(fd, &i, sizeof(i), 0), sizeof(i));
}

struct seen {
	struct nfq *q;
	uint32_t n, id[256], mark;
	bool drop_thirds, mark_fifths;
};

static void on_packet(void *ctx, const struct nfq_packet *p)
{
	struct seen *s = ctx;

	assert_true(p->payload.len == 32 && p->bytes == 32);	/* IPv4, UDP, 4 bytes */
	assert_int_equal(p->hook, NFQ_HOOK_OUTPUT);
	assert_int_equal(p->indev, 0);
	assert_int_equal(p->hw_len, 0);
	s->mark = p->mark;
	s->id[s->n] = p->id;
	if (s->drop_thirds && s->n % 3 == 0)
		nfq_verdict(s->q, p->id, NFQ_DROP);
	else if (s->mark_fifths && s->n % 5 == 0)
		nfq_verdict_mark(s->q, p->id, NFQ_ACCEPT, p->mark | MARK);
	else if (s->drop_thirds)
		nfq_verdict(s->q, p->id, NFQ_ACCEPT);
	s->n++;
}

static void joined_verdicts_reach_the_packets_they_are_for(void **state)
{
	enum { PACKETS = 200 };
	struct seen s = { .drop_thirds = true, .mark_fifths = true };
	int in, out, n;

	(void)state;
	NEED_NAMESPACE();
	s.q = open_queue(QUEUE_A, NFQ_FAIL_OPEN | NFQ_JOINED, 1024);
	in = udp(PORT_SYN, true), out = udp(PORT_SYN, false);
	send_numbers(out, PACKETS);
	assert_int_equal(next_number(in), -1);
	while ((n = nfq_recv(s.q, on_packet, &s)) != 0) {
		assert_in_range(n, 1, NFQ_BATCH);
		assert_int_equal(nfq_flush(s.q), 0);
	}
	assert_int_equal(s.n, PACKETS);
	assert_int_equal(s.mark, OTHERS);
	for (int i = 0; i < PACKETS; i++)	/* the marked ones are dropped by a later chain */
		if (i % 3 && i % 5)
			assert_int_equal(next_number(in), i);
	assert_int_equal(next_number(in), -1);
	nfq_free(s.q);
	close(in), close(out);
}

static void held_packets_leave_in_any_order(void **state)
{
	static const uint32_t order[] = { 4, 1, 0, 3 };
	struct seen s = { 0 };
	int in, out;

	(void)state;
	NEED_NAMESPACE();
	s.q = open_queue(QUEUE_B, NFQ_FAIL_OPEN, 1024);
	in = udp(PORT_DNS, true), out = udp(PORT_DNS, false);
	send_numbers(out, 5);
	assert_int_equal(nfq_recv(s.q, on_packet, &s), 5);
	assert_int_equal(nfq_flush(s.q), 0);
	assert_int_equal(next_number(in), -1);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		nfq_verdict(s.q, s.id[order[i]], NFQ_ACCEPT);
		assert_int_equal(nfq_flush(s.q), 0);
		assert_int_equal(next_number(in), (int)order[i]);
	}
	assert_int_equal(next_number(in), -1);
	/* a verdict for a packet that is gone is an error of the kernel's, and skipped */
	nfq_verdict(s.q, s.id[4], NFQ_ACCEPT);
	assert_int_equal(nfq_flush(s.q), 0);
	assert_int_equal(nfq_recv(s.q, on_packet, &s), 0);
	nfq_free(s.q);
	close(in), close(out);
}

static const size_t sizes[] = { 0, 3, 4, 5, 100, 1400, 8000, 60000 };

/* each packet gets as many bytes as the next of sizes[] says */
static void on_packet_replace(void *ctx, const struct nfq_packet *p)
{
	struct seen *s = ctx;
	static char packet[65536];
	size_t head = ip_edit_head(p->payload);

	assert_int_equal(head, 28);
	memset(packet, 'x', sizeof(packet));
	memcpy(packet, p->payload.p, head);
	ip_edit_mend(packet, head + sizes[s->n]);
	nfq_verdict_packet(s->q, p->id, (struct span){ packet, head + sizes[s->n] });
	s->n++;
}

static void another_packet_takes_its_place(void **state)
{
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	struct seen s = { 0 };
	char got[65536];
	int in, out;

	(void)state;
	NEED_NAMESPACE();
	s.q = open_queue(QUEUE_B, NFQ_FAIL_OPEN, 1024);
	in = udp(PORT_DNS, true), out = udp(PORT_DNS, false);
	send_numbers(out, N);
	assert_int_equal(nfq_recv(s.q, on_packet_replace, &s), N);
	assert_int_equal(nfq_flush(s.q), 0);
	for (uint32_t i = 0; i + 1 < N; i++) {
		assert_int_equal(recv(in, got, sizeof(got), 0), sizes[i]);
		assert_true(sizes[i] == 0 || (got[0] == 'x' && got[sizes[i] - 1] == 'x'));
	}
	assert_int_equal(next_number(in), N - 1);	/* too long: it passed as it came */
	assert_int_equal(next_number(in), -1);
	nfq_free(s.q);
	close(in), close(out);
}

static void a_full_queue_passes_what_does_not_fit(void **state)
{
	struct seen s = { .drop_thirds = true };
	int in, out, passed = 0;

	(void)state;
	NEED_NAMESPACE();
	s.q = open_queue(QUEUE_A, NFQ_FAIL_OPEN | NFQ_JOINED, 8);
	in = udp(PORT_SYN, true), out = udp(PORT_SYN, false);
	send_numbers(out, 50);
	while (next_number(in) >= 0)
		passed++;
	assert_int_equal(passed, 42);
	assert_int_equal(nfq_fail_open(s.q, false), 0);
	send_numbers(out, 50);
	assert_int_equal(next_number(in), -1);
	assert_int_equal(nfq_fail_open(s.q, true), 0);
	send_numbers(out, 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(next_number(in), i);
	nfq_free(s.q);
	close(in), close(out);
}

static void a_number_in_use_is_said_to_be(void **state)
{
	struct nfq_setup setup_a = { .number = QUEUE_A, .copy_bytes = 128, .length = 8 };
	struct nfq *q;
	int err = 0;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(nfq_owner(QUEUE_A), 0);
	q = open_queue(QUEUE_A, 0, 8);
	assert_int_not_equal(nfq_owner(QUEUE_A), 0);
	assert_null(nfq_new(&setup_a, &err));
	assert_int_equal(err, -EBUSY);
	nfq_free(q);
	assert_int_equal(nfq_owner(QUEUE_A), 0);
}

/* another process goes on with the socket: what waits in it, and what was taken and not decided, is its own */
static void a_queue_goes_on_in_other_hands(void **state)
{
	struct nfq_setup setup = { .number = QUEUE_B, .flags = NFQ_FAIL_OPEN, .copy_bytes = 128, .length = 1024 };
	struct seen s = { 0 };
	int in, out, err = 0;
	struct nfq *before;

	(void)state;
	NEED_NAMESPACE();
	before = s.q = open_queue(QUEUE_B, NFQ_FAIL_OPEN, 1024);
	in = udp(PORT_DNS, true), out = udp(PORT_DNS, false);
	send_numbers(out, 2);
	assert_int_equal(nfq_recv(s.q, on_packet, &s), 2);
	send_numbers(out, 3);
	s.q = nfq_adopt(dup(nfq_socket(before)), &setup, &err);
	assert_non_null(s.q);
	nfq_free(before);
	send_numbers(out, 1);
	assert_int_equal(nfq_recv(s.q, on_packet, &s), 4);
	assert_int_equal(next_number(in), -1);
	for (int i = 0; i < 6; i++)
		nfq_verdict(s.q, s.id[i], NFQ_ACCEPT);
	assert_int_equal(nfq_flush(s.q), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(next_number(in), i < 2 ? i : i < 5 ? i - 2 : 0);
	nfq_free(s.q);
	assert_int_equal(nfq_owner(QUEUE_B), 0);
	close(in), close(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined_verdicts_reach_the_packets_they_are_for),
		cmocka_unit_test(held_packets_leave_in_any_order),
		cmocka_unit_test(another_packet_takes_its_place),
		cmocka_unit_test(a_full_queue_passes_what_does_not_fit),
		cmocka_unit_test(a_number_in_use_is_said_to_be),
		cmocka_unit_test(a_queue_goes_on_in_other_hands),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
