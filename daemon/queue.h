/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue - packets that the kernel asks about: first packets decided, DNS handed to the reader and held
 *
 *	queue_syn	SYN and new UDP at a suspect address: decided at once, verdicts joined
 *	queue_dns	queries: who asks, then handed to the reader and released; answers: handed to the
 *			reader and held until the set elements they cause are committed, or DNS_HOLD_MS
 *
 * The reader gets the payload and is believed only as far as names and addresses go: which client
 * an answer is for was taken from the packet's own headers.  Whatever goes wrong releases the packet.
 */
#ifndef DEJUNK_QUEUE_H
#define DEJUNK_QUEUE_H

#include "child.h"
#include "gateway.h"
#include "learned.h"

struct queue;

/* queue_new - take the queues named in @child->settings and wait for packets; needs CAP_NET_ADMIN
 * @child, @learned: borrowed; @handed: sockets of the process before, taken, which hold the queues already; -1: none
 * The errors are logged.  NULL: a queue could not be had. */
struct queue *queue_new(struct child *child, struct learned *learned, uint64_t seed, const int handed[HANDED_QUEUES]);
/* queue_hand_over - decide what is held, take no packet any more, and send the sockets to the monitor (HANDED); 0 or a
 * negative errno.  Then only queue_free() is left. */
int queue_hand_over(struct queue *q);
/* queue_free - packets that are held are released first; NULL is allowed */
void queue_free(struct queue *q);
/* queue_peer - talk to the reader on @fd from now on (taken); -1: there is none */
void queue_peer(struct queue *q, int fd);
/* queue_settings - the child's settings changed; queue numbers cannot */
void queue_settings(struct queue *q);
/* queue_rules - new rules: a full queue passes what does not fit, unless on_failure is to block */
void queue_rules(struct queue *q, const struct gateway *g);
/* queue_sets_done - set changes were committed (learned_position): release what waited for them */
void queue_sets_done(struct queue *q);

#endif
