/* SPDX-License-Identifier: GPL-3.0-or-later */
/* word - what the reader says of a DNS answer to the queue process: written here, checked here
 *
 * The body of DNS_READ and HOST (messages.h): struct msg_dns_read, names, addresses, and what may take the answer's place.  The queue process
 * holds a capability and the reader has read hostile bytes, so nothing of a word is believed before it was checked.
 * Pure.
 */
#ifndef DEJUNK_WORD_H
#define DEJUNK_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "dns_msg.h"
#include "ipc.h"
#include "messages.h"
#include "names.h"
#include "span.h"

enum {
	WORD_MESSAGE = LIMIT_QUEUE_COPY_BYTES,		/* bytes of an answer that may take the place of another */
	WORD_BYTES = sizeof(struct msg_dns_read) + NAMES_CHAIN_BYTES +
		     LIMIT_DNS_MESSAGE_RECORDS * sizeof(struct addr) + 2 * WORD_MESSAGE,	/* of the longest word */
};
_Static_assert((int)WORD_BYTES <= (int)IPC_BODY_MAX, "a word is one message");

struct word {
	struct msg_dns_read head;
	struct span chain;				/* the names (chain_next), borrowed from the body */
	struct addr addr[LIMIT_DNS_MESSAGE_RECORDS];	/* head.addrs of them: IPv4 or IPv6, port_be 0 */
	struct span refused, stripped;			/* borrowed from the body; empty: none */
};

/* word_write - @head (its counts and lifetime are filled in here) and what @m holds, or nothing more where it is NULL
 * @refused, @stripped: at most WORD_MESSAGE bytes each; empty: none
 * Returns the bytes used of @body. */
size_t word_write(char body[WORD_BYTES], struct msg_dns_read *head, const struct dns_msg *m, struct span refused, struct span stripped);
/* word_read - take a word apart; false: malformed, and @out is not to be used.  Addresses that are neither IPv4 nor
 * IPv6 are left out, v4-mapped ones become IPv4. */
bool word_read(struct span body, struct word *out);

#endif
