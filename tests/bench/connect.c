/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect - open (or be refused) one TCP connection after the other; how long does each take?
 *
 *	connect ADDRESS PORT MILLISECONDS accept|refuse
 *
 * Prints: connections, microseconds in all, p50 and p99 of connect() in microseconds.  Ends with 1 at the
 * first one that does not end as was said.  IPv4.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1 << 20 };

int main(int argc, char **argv)
{
	static double took_us[SAMPLES_MAX];
	struct linger at_once = { .l_onoff = 1 };	/* a reset at the close: no TIME_WAIT, ports stay free */
	struct sockaddr_in to = { .sin_family = AF_INET };
	size_t n = 0;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: connect ADDRESS PORT MILLISECONDS accept|refuse\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	bool refuse = strcmp(argv[4], "refuse") == 0;
	uint64_t begin = bench_ns(), end = begin + strtoull(argv[3], NULL, 10) * 1000000u, now = begin;

	while (now < end && n < SAMPLES_MAX) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

		WRONG_IF(fd == -1, "socket: %s", strerror(errno));
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		uint64_t t = bench_ns();

		error = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : errno;
		now = bench_ns();
		took_us[n++] = (double)(now - t) / 1000;
		WRONG_IF(error != (refuse ? ECONNREFUSED : 0), "connection %zu to %s: %s", n, argv[1], strerror(error));
		close(fd);
	}
	printf("%zu %.0f %.2f %.2f\n", n, (double)(now - begin) / 1000, quantile(took_us, n, 0.5), quantile(took_us, n, 0.99));
	return 0;
}
