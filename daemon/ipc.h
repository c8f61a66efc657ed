/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipc - messages between dejunk's processes: SOCK_SEQPACKET pairs, one message a packet, a descriptor beside it
 *
 * Sockets are non-blocking and close-on-exec.  A message is its head and a body of a fixed
 * struct or of bytes; the receiver checks the length against the type (messages.h) before it reads.
 * Every peer but the monitor is less trusted than who reads: never believe a length, a count, or an enumeration.
 */
#ifndef DEJUNK_IPC_H
#define DEJUNK_IPC_H

#include <stddef.h>
#include <stdint.h>

enum { IPC_BODY_MAX = 61440 };	/* bytes */

struct ipc_head {
	uint16_t type;		/* enum message */
	uint16_t _pad;
	uint32_t seq;		/* the sender's; an answer repeats it */
};

struct ipc_message {
	struct ipc_head head;
	size_t len;		/* bytes used of body */
	int fd;			/* passed along, or -1; the receiver owns it */
	union {			/* aligned for any of messages.h */
		uint8_t body[IPC_BODY_MAX];
		uint64_t _align;
	};
};

/* ipc_pair - two connected ends with large buffers; 0 or a negative errno */
int ipc_pair(int fd[2]);
/* ipc_send - send one message, @fd beside it or -1 (borrowed); never blocks
 * Returns 0, -EAGAIN when the peer is behind (the caller keeps or counts it), -EPIPE when it is gone. */
int ipc_send(int sock, uint16_t type, uint32_t seq, const void *body, size_t len, int fd);
/* ipc_recv - receive one message into @m; never blocks
 * Returns 1 with a message, 0 when the peer is gone, -EAGAIN when there is none, or another negative errno.
 * Surplus descriptors are closed; a truncated packet is -EMSGSIZE. */
int ipc_recv(int sock, struct ipc_message *m);

#endif
