/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_edit - a UDP datagram or TCP segment whose payload was changed: lengths and checksums put right
 *
 * Pure.  Only packets with plain headers: IPv4 without options and IPv6 without extension headers, not fragments.  In others
 * the checksum may be over another destination, or the next header elsewhere; they do not come with DNS.
 * RFC 791, RFC 8200 section 8.1, RFC 768, RFC 9293 section 3.1, RFC 1071.
 */
#ifndef DEJUNK_IP_EDIT_H
#define DEJUNK_IP_EDIT_H

#include <stddef.h>

#include "span.h"

enum { IP_EDIT_HEAD = 40 + 60 };	/* bytes of headers at most: IPv6 and a TCP header with options */

/* ip_edit_head - bytes of the headers before the payload of UDP or TCP; 0: @packet is none with plain headers, or not whole
 * @packet: from the IP header on, nothing behind it */
size_t ip_edit_head(struct span packet);
/* ip_edit_mend - a packet that ip_edit_head() liked has got @len bytes now, with another payload behind the same headers: write
 * the lengths and checksums.  @len: at most 65535; of a TCP segment the same as before, or the stream would have a hole */
void ip_edit_mend(char *packet, size_t len);

#endif
