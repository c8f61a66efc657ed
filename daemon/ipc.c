/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipc - one message a packet of a SOCK_SEQPACKET pair, a descriptor beside it as SCM_RIGHTS */
#include "ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	IPC_BUFFER = 1 << 20,	/* bytes either end may have unread in the kernel */
	IPC_FDS = 4,		/* room for more than the one we take, so that surplus ones can be closed */
};

int ipc_pair(int fd[2])
{
	int size = IPC_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)	/* FORCE needs CAP_NET_ADMIN; without it the system's maximum holds */
		if (setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
			setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

int ipc_send(int sock, uint16_t type, uint32_t seq, const void *body, size_t len, int fd)
{
	struct ipc_head head = { .type = type, .seq = seq };
	struct iovec iov[2] = {
		{ &head, sizeof(head) },
		{ (void *)(uintptr_t)body, len },
	};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };

	if (len > IPC_BODY_MAX)
		return -EMSGSIZE;
	if (fd >= 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		switch (errno) {
		case EINTR:
			continue;
		case EAGAIN:
		case ENOBUFS:
		case ENOMEM:
		case ETOOMANYREFS:	/* descriptors under way that the peer has not taken yet */
			return -EAGAIN;
		case EPIPE:
		case ECONNRESET:
		case ENOTCONN:
			return -EPIPE;
		default:
			return -errno;
		}
	}
	return 0;
}

/* keeps the first descriptor that came in @m, closes the others */
static void ipc_take_fds(struct msghdr *msg, struct ipc_message *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (m->fd < 0)
				m->fd = fd;
			else
				close(fd);
		}
	}
}

int ipc_recv(int sock, struct ipc_message *m)
{
	struct iovec iov[2] = {
		{ &m->head, sizeof(m->head) },
		{ m->body, sizeof(m->body) },
	};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(IPC_FDS * sizeof(int))];
	} control;
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = control.space, .msg_controllen = sizeof(control.space),
	};
	int err = 0;
	ssize_t n;

	m->fd = -1;
	m->len = 0;
	do
		n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : errno == EWOULDBLOCK ? -EAGAIN : -errno;
	ipc_take_fds(&msg, m);
	if (n > 0 && (size_t)n < sizeof(m->head))
		err = -EPROTO;
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		err = -EMSGSIZE;
	if (n == 0 || err) {
		if (m->fd >= 0)
			close(m->fd);
		m->fd = -1;
		return err;	/* 0: the end, or an empty packet, which no honest peer sends */
	}
	m->len = (size_t)n - sizeof(m->head);
	return 1;
}
