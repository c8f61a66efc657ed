/* SPDX-License-Identifier: GPL-3.0-or-later */
/* idle - open very many connections, ask once on each, and keep them
 *
 *	idle ADDRESS PORT CONNECTIONS FROM SOURCES ANSWER < REQUEST
 *
 * @FROM: the first of @SOURCES addresses that are connected from in turn; @ANSWER: bytes of each answer, head and
 * body; 0: nothing is asked.  Prints "ready" when all stand, and keeps them until it is killed.  Ends with 1 at the first
 * error.  IPv4.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_one(const struct sockaddr_in *to, const struct sockaddr_in *from)
{
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	WRONG_IF(fd == -1, "socket: %s", strerror(errno));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	WRONG_IF(bind(fd, (const struct sockaddr *)from, sizeof(*from)) < 0, "bind: %s", strerror(errno));
	WRONG_IF(connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0, "connect: %s", strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET }, from = { .sin_family = AF_INET };
	static char request[4096], room[65536];

	if (argc != 7 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || inet_pton(AF_INET, argv[4], &from.sin_addr) != 1) {
		fprintf(stderr, "usage: idle ADDRESS PORT CONNECTIONS FROM SOURCES ANSWER < REQUEST\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	unsigned n = (unsigned)atoi(argv[3]), sources = (unsigned)atoi(argv[5]);
	size_t request_len = fread(request, 1, sizeof(request), stdin), answer = strtoull(argv[6], NULL, 10);
	uint32_t first = ntohl(from.sin_addr.s_addr);
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (unsigned i = 0; i < n; i++) {
		from.sin_addr.s_addr = htonl(first + i % sources);
		int fd = open_one(&to, &from);

		if (answer == 0)
			continue;
		WRONG_IF(send(fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len, "send: %s", strerror(errno));
		for (size_t got = 0; got < answer;) {
			ssize_t r = recv(fd, room, sizeof(room), 0);

			WRONG_IF(r <= 0, "connection %u: %s after %zu bytes", i, r ? strerror(errno) : "closed", got);
			got += (size_t)r;
		}
	}
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
