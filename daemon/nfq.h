/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nfq - one netfilter queue: its netlink messages in batches, its verdicts joined
 *
 * A queue is a netlink socket of its own, so that one flooded queue cannot fill the
 * receive buffer of another.  Packets come 32 in one recvmmsg(); verdicts collect in
 * a buffer and leave in one send with nfq_flush().  Where nothing is ever held back
 * (NFQ_JOINED) neighbours with the same verdict share one VERDICT_BATCH; that message
 * releases every lower packet id too, so a queue that holds packets must never use it.
 *
 * Knows nothing of what is inside a packet.  Linux: nfnetlink_queue.h.
 */
#ifndef DEJUNK_NFQ_H
#define DEJUNK_NFQ_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

enum nfq_flag {
	NFQ_FAIL_OPEN = 1,	/* a full queue passes what does not fit, instead of dropping it */
	NFQ_GSO = 2,		/* take packets that were not cut into segments yet, as they are */
	NFQ_JOINED = 4,		/* nothing is held back: verdicts may be joined, in the order of arrival */
};

enum nfq_hook { NFQ_HOOK_PREROUTING, NFQ_HOOK_INPUT, NFQ_HOOK_FORWARD, NFQ_HOOK_OUTPUT, NFQ_HOOK_POSTROUTING };

enum {
	NFQ_BATCH = 64,			/* packets of one nfq_recv(): DESIGN section 10 has 32, but a queue at 100,000 a second costs 0.94 of that with 64 */
	NFQ_PACKET_BYTES = 16384,	/* of a packet that takes the place of another */
};

struct nfq_setup {
	uint16_t number;
	unsigned flags;		/* enum nfq_flag */
	uint32_t copy_bytes;	/* of each packet */
	uint32_t length;	/* packets waiting at most */
};

/* one packet; @payload points into the queue's buffers and dies with the next nfq_recv() */
struct nfq_packet {
	uint32_t id;
	uint32_t mark;
	uint32_t indev;		/* interface it came in by; 0: made by this machine */
	uint8_t hook;		/* enum nfq_hook */
	uint8_t hw_len;		/* bytes of the sender's link-layer address; 0: has none */
	uint8_t hw[8];
	struct span payload;	/* from the IP header on, at most copy_bytes */
	uint32_t bytes;		/* of the whole packet; more than payload.len when it was cut */
};

enum nfq_verdict { NFQ_ACCEPT, NFQ_DROP };

struct nfq;

/* nfq_new - take queue @setup->number
 * @err: filled on failure with a negative errno; -EBUSY: the number is in use by someone else
 *
 * Needs CAP_NET_ADMIN, then and for every verdict.  Returns NULL on failure. */
struct nfq *nfq_new(const struct nfq_setup *setup, int *err);
/* nfq_adopt - as nfq_new(), but with the socket @fd (taken, also on failure) of another process that had taken the queue so: it
 * stays as it is set up there, and what waits in it is ours */
struct nfq *nfq_adopt(int fd, const struct nfq_setup *setup, int *err);
/* nfq_free - give the number back; packets that wait are dropped by the kernel.  free(NULL) is allowed */
void nfq_free(struct nfq *q);
/* nfq_socket - the non-blocking socket, to wait for reading */
int nfq_socket(const struct nfq *q);

/* nfq_fail_open - switch NFQ_FAIL_OPEN on or off; 0 or a negative errno */
int nfq_fail_open(struct nfq *q, bool on);

/* nfq_recv - take up to NFQ_BATCH packets, calling @on_packet for each
 * @on_packet may call nfq_verdict(), never nfq_recv() or nfq_free().
 *
 * Returns how many packets came (0: none wait), or -ENOBUFS: the receive buffer ran over and packets were lost
 * (go on), or another negative errno. */
int nfq_recv(struct nfq *q, void (*on_packet)(void *ctx, const struct nfq_packet *p), void *ctx);

/* nfq_verdict - decide packet @id; leaves with the next nfq_flush(), or earlier when the buffer is full
 * nfq_verdict_mark - and give it this mark, all 32 bits (the caller keeps the bits of others) */
void nfq_verdict(struct nfq *q, uint32_t id, enum nfq_verdict verdict);
void nfq_verdict_mark(struct nfq *q, uint32_t id, enum nfq_verdict verdict, uint32_t mark);
/* nfq_verdict_packet - let packet @id pass as @packet, which takes its place from the IP header on (borrowed); lengths and
 * checksums in it are the caller's.  At most NFQ_PACKET_BYTES, else it passes as it came; not where verdicts are joined. */
void nfq_verdict_packet(struct nfq *q, uint32_t id, struct span packet);
/* nfq_flush - send what nfq_verdict collected, in one message to the kernel; 0 or a negative errno */
int nfq_flush(struct nfq *q);

/* nfq_queued - packets that came to queue @number since somebody took it, as the kernel tells in /proc; 0: nobody has it */
uint64_t nfq_queued(uint16_t number);
/* nfq_owner - who listens on queue @number, as the kernel tells in /proc: the netlink port id, which
 * is the process id for most programs; 0: nobody, or it cannot be told */
uint32_t nfq_owner(uint16_t number);

#endif
