/* SPDX-License-Identifier: GPL-3.0-or-later */
/* paced - requests at a fixed rate over a few kept connections to each of several servers; how long does each answer take?
 *
 *	paced PORT CONNECTIONS RATE MILLISECONDS {ADDRESS ANSWER}... < REQUEST
 *
 * Requests, @RATE a second in all, go to the servers in turn: whatever happens to the machine meanwhile falls on all alike.
 * The turn is drawn anew each time round, and so is each wait, between half and one and a half of the mean: what comes at
 * regular times would fall in with what the machine does at regular times, and on one server only.
 * An address given twice tells how steady that is.
 * @CONNECTIONS: to each address, used in turn; a request that finds its connection busy waits, and its time runs from
 * when it was due.  @ANSWER: bytes of each answer, head and body.  Prints a line an address: requests, p50, p99 in
 * microseconds.  Ends with 1 at the first error.  IPv4.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1 << 18, CONNECTIONS_MAX = 64, LANES_MAX = 8 };

/* what is asked of one address */
static struct lane {
	struct sockaddr_in to;
	size_t answer_len;
	size_t samples;
	double took_us[SAMPLES_MAX];
} lanes[LANES_MAX];

static struct kept {
	int fd;
	struct lane *lane;
	uint64_t since_ns;	/* 0: nothing is asked */
	size_t got;
} kept[CONNECTIONS_MAX];

static char request[4096];
static size_t request_len;

/* drawn - xorshift64: the same in each run */
static uint64_t drawn(uint64_t below)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % below;
}

/* deal - @turn becomes 0 to @count - 1 in an order of its own */
static void deal(unsigned *turn, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned j = (unsigned)drawn(i + 1);

		turn[i] = turn[j];
		turn[j] = i;
	}
}

static void ask(struct kept *k, uint64_t since_ns)
{
	WRONG_IF(send(k->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len, "send: %s", strerror(errno));
	k->since_ns = since_ns;
	k->got = 0;
}

static void hear(struct kept *k)
{
	static char room[65536];
	struct lane *l = k->lane;
	ssize_t n = recv(k->fd, room, sizeof(room), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	WRONG_IF(n <= 0, "an answer after %zu bytes: %s", k->got, n ? strerror(errno) : "closed");
	k->got += (size_t)n;
	WRONG_IF(k->got > l->answer_len || !k->since_ns, "an answer of %zu bytes, not %zu", k->got, l->answer_len);
	if (k->got < l->answer_len)
		return;
	if (l->samples < SAMPLES_MAX)
		l->took_us[l->samples++] = (double)(bench_ns() - k->since_ns) / 1000;
	k->since_ns = 0;
}

static void open_one(struct kept *k, struct lane *lane, int epoll)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = k };
	int on = 1;

	k->lane = lane;
	k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	WRONG_IF(k->fd == -1 || connect(k->fd, (const struct sockaddr *)&lane->to, sizeof(lane->to)) < 0, "connect: %s",
		 strerror(errno));
	setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	epoll_ctl(epoll, EPOLL_CTL_ADD, k->fd, &e);
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned count = argc > 5 ? (unsigned)(argc - 5) / 2 : 0;

	if (count == 0 || count > LANES_MAX || argc % 2 == 0) {
		fprintf(stderr, "usage: paced PORT CONNECTIONS RATE MILLISECONDS {ADDRESS ANSWER}... < REQUEST\n");
		return 2;
	}
	for (unsigned i = 0; i < count; i++) {
		lanes[i].to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])) };
		lanes[i].answer_len = strtoull(argv[6 + 2 * i], NULL, 10);
		WRONG_IF(inet_pton(AF_INET, argv[5 + 2 * i], &lanes[i].to.sin_addr) != 1, "no address: %s", argv[5 + 2 * i]);
	}

	unsigned n = (unsigned)atoi(argv[2]) * count;
	uint64_t each_ns = 1000000000u / strtoull(argv[3], NULL, 10);

	WRONG_IF(n == 0 || n > CONNECTIONS_MAX, "%u connections", n);
	request_len = fread(request, 1, sizeof(request), stdin);
	prctl(PR_SET_TIMERSLACK, 1);
	for (unsigned i = 0; i < n; i++)
		open_one(&kept[i], &lanes[i % count], epoll);

	uint64_t due = bench_ns(), end = due + strtoull(argv[4], NULL, 10) * 1000000u, now;
	unsigned asked = 0, turn[LANES_MAX];

	deal(turn, count);
	while ((now = bench_ns()) < end) {
		struct kept *next = &kept[asked / count * count % n + turn[asked % count]];
		struct epoll_event e[CONNECTIONS_MAX];
		struct timespec wait = { .tv_nsec = due > now ? (long)(due - now) : 100000000 };

		if (now >= due && !next->since_ns) {
			/* woken late is our fault; a connection that was busy is not */
			ask(next, now - due > each_ns ? due : now);
			due += each_ns / 2 + drawn(each_ns);
			if (++asked % count == 0)
				deal(turn, count);
			continue;
		}
		int got = epoll_pwait2(epoll, e, CONNECTIONS_MAX, &wait, NULL);

		for (int i = 0; i < got; i++)
			hear(e[i].data.ptr);
	}
	for (unsigned i = 0; i < count; i++) {
		struct lane *l = &lanes[i];

		WRONG_IF(l->samples == 0, "no answer from %s", argv[5 + 2 * i]);
		printf("%zu %.2f %.2f\n", l->samples, quantile(l->took_us, l->samples, 0.5), quantile(l->took_us, l->samples, 0.99));
	}
	return 0;
}
