/* SPDX-License-Identifier: GPL-3.0-or-later */
/* held - packets that wait in a netfilter queue for what somebody else has to say
 *
 * A packet is held, then released, and its entry may outlive the release for a while: the
 * reader's word is worth learning even when it comes too late to hold the packet for it.
 * All packets of a table may be held equally long, so the oldest is always the next due.
 *
 * Pure: no clock, no input or output; all memory but the copies of packets is reserved by held_new().
 */
#ifndef DEJUNK_HELD_H
#define DEJUNK_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

struct held_packet {
	uint32_t token;		/* names the entry to others; never 0, not used again for a long time */
	uint32_t id;		/* of the packet in its queue */
	bool waiting;		/* still in the queue */
	bool behind;		/* other answers come before it in the same packet */
	bool changed;		/* packet is to take the place of the one in the queue */
	uint32_t carrier;	/* the entry that holds the packet of this message: its own token, or that of a later one */
	uint16_t at, len;	/* where the message is in the packet, unless edit is DNS_EDIT_NOT */
	uint8_t edit;		/* enum dns_edit: may another message take its place there? */
	uint32_t packet_bytes;
	char *packet;		/* a copy of it, or of its headers (malloc'd, owned, gone with the release); or NULL */
	uint64_t since_ms;
	uint64_t until;		/* position in the stream of set changes it waits for (setbox); UINT64_MAX: not known yet */
	struct client client;	/* who is answered */
	struct addr client_ip;	/* with port */
	struct addr server_ip;	/* with port: who answers */
};

struct held;

/* held_new - room for @max packets; NULL without memory */
struct held *held_new(uint32_t max);
void held_free(struct held *h);
/* held_add - packet @id waits from @now_ms on; at the bound the oldest released entry goes.
 * Returns the entry, for the caller to fill client and client_ip; NULL: all entries are waiting. */
struct held_packet *held_add(struct held *h, uint32_t id, uint64_t now_ms);
/* held_find - the entry of @token, or NULL: never was, or gone */
struct held_packet *held_find(struct held *h, uint32_t token);
/* held_release - it is not waiting any more; its entry stays until dropped or aged, without its copy of the packet
 * held_drop - forget the entry */
void held_release(struct held *h, struct held_packet *p);
void held_drop(struct held *h, struct held_packet *p);
/* held_oldest - the packet waiting longest, or NULL; held_next - the one after it, or NULL */
struct held_packet *held_oldest(struct held *h);
struct held_packet *held_next(struct held *h, const struct held_packet *p);
/* held_age - forget released entries that began before @before_ms */
void held_age(struct held *h, uint64_t before_ms);
/* held_waiting - how many packets wait */
uint32_t held_waiting(const struct held *h);

#endif
