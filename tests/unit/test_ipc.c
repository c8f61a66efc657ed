/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ipc - messages arrive whole, descriptors with them; what is no message is refused
 * links: ipc
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"

static struct ipc_message m;

static int descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* sends @len raw bytes with @fds descriptors beside them, past ipc_send() and its checks */
static void send_raw(int sock, size_t len, int fds)
{
	static char bytes[IPC_BODY_MAX + 4096];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(16 * sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec iov = { bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN((size_t)fds * sizeof(int));
		for (int i = 0; i < fds; i++) {
			int fd = STDERR_FILENO;

			memcpy(CMSG_DATA(&control.align) + (size_t)i * sizeof(int), &fd, sizeof(fd));
		}
	}
	assert_int_equal(sendmsg(sock, &msg, MSG_NOSIGNAL), (ssize_t)len);
}

static void a_message_arrives_whole(void **state)
{
	static uint8_t body[IPC_BODY_MAX];
	const size_t sizes[] = { 0, 1, 7, 8, 4096, IPC_BODY_MAX };
	int s[2];

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7);
	assert_int_equal(ipc_pair(s), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(ipc_send(s[0], 42, (uint32_t)i, body, sizes[i], -1), 0);
		assert_int_equal(ipc_recv(s[1], &m), 1);
		assert_int_equal(m.head.type, 42);
		assert_int_equal(m.head.seq, i);
		assert_int_equal(m.len, sizes[i]);
		assert_int_equal(m.fd, -1);
		assert_memory_equal(m.body, body, sizes[i]);
	}
	assert_int_equal(ipc_recv(s[1], &m), -EAGAIN);
	assert_int_equal(ipc_send(s[0], 1, 1, body, IPC_BODY_MAX + 1, -1), -EMSGSIZE);
	close(s[0]);
	assert_int_equal(ipc_recv(s[1], &m), 0);
	assert_int_equal(ipc_send(s[1], 1, 1, NULL, 0, -1), -EPIPE);
	close(s[1]);
}

static void a_descriptor_travels_with_its_message(void **state)
{
	struct stat a, b;
	int s[2], p[2];

	(void)state;
	assert_int_equal(ipc_pair(s), 0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(ipc_send(s[0], 1, 0, "x", 1, p[0]), 0);
	assert_int_equal(ipc_send(s[0], 2, 0, NULL, 0, -1), 0);
	assert_int_equal(ipc_recv(s[1], &m), 1);
	assert_true(m.fd >= 0);
	assert_int_equal(fstat(m.fd, &a), 0);
	assert_int_equal(fstat(p[0], &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(fcntl(m.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(m.fd);
	assert_int_equal(ipc_recv(s[1], &m), 1);
	assert_int_equal(m.fd, -1);
	close(p[0]), close(p[1]), close(s[0]), close(s[1]);
}

static void what_is_no_message_is_refused_and_leaks_nothing(void **state)
{
	static const struct { const char *why; size_t len; int fds, answer; } row[] = {
		{ "a head cut short",			7, 0, -EPROTO },
		{ "one byte and a descriptor",		1, 1, -EPROTO },
		{ "longer than any message",		IPC_BODY_MAX + 9, 0, -EMSGSIZE },
		{ "too long, with a descriptor",	IPC_BODY_MAX + 9, 1, -EMSGSIZE },
		{ "more descriptors than fit",		8, 12, -EMSGSIZE },
		{ "two descriptors: one is kept",	8, 2, 1 },
	};
	int s[2], before;

	(void)state;
	assert_int_equal(ipc_pair(s), 0);
	before = descriptors();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		send_raw(s[0], row[i].len, row[i].fds);
		if (ipc_recv(s[1], &m) != row[i].answer)
			fail_msg("%s", row[i].why);
		if (row[i].answer == 1) {
			assert_true(m.fd >= 0);
			close(m.fd);
		} else {
			assert_int_equal(m.fd, -1);
		}
		if (descriptors() != before)
			fail_msg("%s: descriptors leaked", row[i].why);
	}
	close(s[0]), close(s[1]);
}

static void a_peer_that_does_not_read_never_blocks_us(void **state)
{
	static uint8_t body[1024];
	int s[2], n = 0, err;

	(void)state;
	assert_int_equal(ipc_pair(s), 0);
	while ((err = ipc_send(s[0], 1, 0, body, sizeof(body), -1)) == 0)
		assert_true(++n < 100000);
	assert_int_equal(err, -EAGAIN);
	assert_true(n > 32);
	while (n--)
		assert_int_equal(ipc_recv(s[1], &m), 1);
	assert_int_equal(ipc_recv(s[1], &m), -EAGAIN);
	close(s[0]), close(s[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_arrives_whole),
		cmocka_unit_test(a_descriptor_travels_with_its_message),
		cmocka_unit_test(what_is_no_message_is_refused_and_leaks_nothing),
		cmocka_unit_test(a_peer_that_does_not_read_never_blocks_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
