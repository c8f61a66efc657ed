/* SPDX-License-Identifier: GPL-3.0-or-later */
/* paced - requests at a fixed rate over a few kept connections; how long does each answer take?
 *
 *	paced ADDRESS PORT CONNECTIONS RATE MILLISECONDS ANSWER < REQUEST
 *
 * @ANSWER: bytes of each answer, head and body.  Requests go to the connections in turn; one that finds its
 * connection busy waits, and its time runs from when it was due.  Prints: requests, p50, p99 in microseconds.
 * Ends with 1 at the first error.  IPv4.
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

enum { SAMPLES_MAX = 1 << 20, CONNECTIONS_MAX = 64 };

static struct kept {
	int fd;
	uint64_t since_ns;	/* 0: nothing is asked */
	size_t got;
} kept[CONNECTIONS_MAX];

static char request[4096];
static size_t request_len, answer_len;
static double took_us[SAMPLES_MAX];
static size_t samples;

static void ask(struct kept *k, uint64_t since_ns)
{
	WRONG_IF(send(k->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len, "send: %s", strerror(errno));
	k->since_ns = since_ns;
	k->got = 0;
}

static void hear(struct kept *k)
{
	static char room[65536];
	ssize_t n = recv(k->fd, room, sizeof(room), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	WRONG_IF(n <= 0, "an answer after %zu bytes: %s", k->got, n ? strerror(errno) : "closed");
	k->got += (size_t)n;
	WRONG_IF(k->got > answer_len || !k->since_ns, "an answer of %zu bytes, not %zu", k->got, answer_len);
	if (k->got < answer_len)
		return;
	if (samples < SAMPLES_MAX)
		took_us[samples++] = (double)(bench_ns() - k->since_ns) / 1000;
	k->since_ns = 0;
}

static void open_all(const struct sockaddr_in *to, unsigned n, int epoll)
{
	int on = 1;

	for (unsigned i = 0; i < n; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &kept[i] };

		kept[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		WRONG_IF(kept[i].fd == -1 || connect(kept[i].fd, (const struct sockaddr *)to, sizeof(*to)) < 0, "connect: %s",
			 strerror(errno));
		setsockopt(kept[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		epoll_ctl(epoll, EPOLL_CTL_ADD, kept[i].fd, &e);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc != 7 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: paced ADDRESS PORT CONNECTIONS RATE MILLISECONDS ANSWER < REQUEST\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	unsigned n = (unsigned)atoi(argv[3]);
	uint64_t each_ns = 1000000000u / strtoull(argv[4], NULL, 10);

	WRONG_IF(n == 0 || n > CONNECTIONS_MAX, "%u connections", n);
	request_len = fread(request, 1, sizeof(request), stdin);
	answer_len = strtoull(argv[6], NULL, 10);
	prctl(PR_SET_TIMERSLACK, 1);
	open_all(&to, n, epoll);

	uint64_t due = bench_ns(), end = due + strtoull(argv[5], NULL, 10) * 1000000u, now;
	unsigned turn = 0;

	while ((now = bench_ns()) < end) {
		struct kept *next = &kept[turn % n];
		struct epoll_event e[CONNECTIONS_MAX];
		struct timespec wait = { .tv_nsec = due > now ? (long)(due - now) : 100000000 };

		if (now >= due && !next->since_ns) {
			/* woken late is our fault; a connection that was busy is not */
			ask(next, now - due > each_ns ? due : now);
			due += each_ns;
			turn++;
			continue;
		}
		int got = epoll_pwait2(epoll, e, CONNECTIONS_MAX, &wait, NULL);

		for (int i = 0; i < got; i++)
			hear(e[i].data.ptr);
	}
	WRONG_IF(samples == 0, "no answer");
	printf("%zu %.2f %.2f\n", samples, quantile(took_us, samples, 0.5), quantile(took_us, samples, 0.99));
	return 0;
}
