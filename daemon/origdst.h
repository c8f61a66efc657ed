/* SPDX-License-Identifier: GPL-3.0-or-later */
/* origdst - where a redirected connection was going before nft redirected it */
#ifndef DEJUNK_ORIGDST_H
#define DEJUNK_ORIGDST_H

#include "addr.h"

enum origdst { ORIGDST_REDIRECTED = 0, ORIGDST_DIRECT = 1 };

/* origdst_get - the original destination of an accepted socket
 * @fd:        connected, IPv4 or IPv6; a v4-mapped one on a dual-stack listener is asked as IPv4
 * @client:    who accept() said it is from: tells the family
 * @listen_be: port of the listener, network byte order
 * @dst:       filled with address and port when it was redirected
 *
 * Returns ORIGDST_REDIRECTED; ORIGDST_DIRECT: this connection was made to our own port
 * and never redirected (dialling it would be a loop); or a negative errno. */
int origdst_get(int fd, const struct addr *client, uint16_t listen_be, struct addr *dst);

#endif
