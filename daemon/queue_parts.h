/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_parts - what the files of the queue process's queues know of each other
 *
 *	queue.c		the queues, the reader's socket, first packets
 *	queue_dns.c	DNS packets, held for the reader and for set changes
 *	queue_hello.c	the first data of connections to TLS ports, held for the reader
 *	queue_rewrite.c	what takes the place of a held answer
 *
 * Only these include this header.
 */
#ifndef DEJUNK_QUEUE_PARTS_H
#define DEJUNK_QUEUE_PARTS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "clients.h"
#include "held.h"
#include "held_flows.h"
#include "ip_pkt.h"
#include "nfq.h"
#include "queue.h"
#include "tcp_dns.h"
#include "word.h"

struct queue {
	struct child *child;
	struct learned *learned;
	struct nfq *syn, *dns, *hello;
	struct clients *clients;
	struct held *held;
	struct tcp_dns *tcp;
	uint64_t caused;		/* position of the last set change that an answer caused */
	struct held_flows *flows;
	uint32_t mark_refuse, mark_decided;
	int peer;			/* the reader, or -1 */
	ev_io syn_io, dns_io, hello_io, peer_io;
	ev_timer due;			/* the oldest held DNS packet is */
	ev_timer hello_due;		/* the first connection is whose packets are held */
};

/* queue.c */
/* queue_client - who sent this packet: the machine itself, a link-layer address, or an IP address */
struct client queue_client(const struct nfq_packet *p, const struct addr *src);

/* queue_dns.c */
/* queue_dns_init - its part of @q; false: no memory.  queue_dns_fini - release what is held, and free; after init in any case */
bool queue_dns_init(struct queue *q, uint64_t seed);
void queue_dns_fini(struct queue *q);
/* queue_dns_release - release all that is held, as it is */
void queue_dns_release(struct queue *q);
/* queue_dns_on_packet - a packet of the DNS queue; @ctx: struct queue */
void queue_dns_on_packet(void *ctx, const struct nfq_packet *p);
/* queue_dns_on_read - the reader's word on an answer */
void queue_dns_on_read(struct queue *q, const struct word *w);
/* queue_dns_let_go - release what waits for nothing but the reader (where it is gone), or for set changes that are done */
void queue_dns_let_go(struct queue *q, bool reader_is_gone);
/* queue_dns_arm - wake up when the oldest held packet is due */
void queue_dns_arm(struct queue *q);

/* queue_hello.c, likewise */
bool queue_hello_init(struct queue *q, uint64_t seed);
void queue_hello_fini(struct queue *q);
void queue_hello_on_packet(void *ctx, const struct nfq_packet *p);
/* queue_hello_on_read - the body of a HELLO_READ, checked here */
void queue_hello_on_read(struct queue *q, struct span body);
/* queue_hello_let_go - release all packets undecided: the reader is gone */
void queue_hello_let_go(struct queue *q);
void queue_hello_arm(struct queue *q);

/* queue_rewrite.c */
/* queue_rewrite_keep - @h is an answer in @p that may be rewritten: keep what that takes; h->edit says whether it can be
 * @ip: its payload: the message; @at: where that begins in the payload of the packet, or TCP_DNS_ELSEWHERE
 * @carries: it is what the packet waits for */
void queue_rewrite_keep(struct queue *q, struct held_packet *h, const struct nfq_packet *p, const struct ip_pkt *ip, size_t at, bool carries);
/* queue_rewrite - rewrite the answer as the rules ask; true: it is refused now */
bool queue_rewrite(struct queue *q, struct held_packet *h, const struct word *w);
/* queue_rewrite_verdict - let the packet of @h pass, changed */
void queue_rewrite_verdict(struct queue *q, struct held_packet *h);

#endif
