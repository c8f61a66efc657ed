/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockets - the listening sockets that the monitor opens and the proxies inherit
 *
 * One SO_REUSEPORT socket a worker on the wildcard address of both families (IPV6_V6ONLY 0), or of
 * IPv4 alone where the kernel has no IPv6.  Bound by root: another user cannot join the group.
 */
#ifndef DEJUNK_SOCKETS_H
#define DEJUNK_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "limits.h"

struct sockets {
	uint16_t port;			/* host byte order */
	unsigned listeners;
	int listen[LIMIT_WORKERS];
	struct addr probe_addr;		/* family 0: no probe */
	int probe;			/* -1: none */
};

/* sockets_none - no socket is open */
void sockets_none(struct sockets *s);
/* sockets_open - open all of them anew
 * @old: sockets in use whose port or probe may be the same: what did not change is taken over from there (and then
 *       belongs to @s, marked -1 in @old), what is over is left in @old.  NULL: none
 * @why: filled with one line on failure: the port and who has it
 * Returns 0 or -1 with @old as it was and @s empty. */
int sockets_open(struct sockets *s, struct sockets *old, uint16_t port, unsigned workers, const struct addr *probe,
		 char *why, size_t why_len);
/* sockets_undo - take back a sockets_open(): what was taken over from @old returns to it, and @s becomes what @old was */
void sockets_undo(struct sockets *s, struct sockets *old);
/* sockets_close - close what is open */
void sockets_close(struct sockets *s);

#endif
