/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_dns - DNS messages out of TCP segments, of all connections to port 53 that pass
 *
 * Puts both directions together (tcp_stream) and takes them apart into messages (dns_stream).  A connection may
 * be silent for longer than anything is remembered of it, and its beginning may have been missed: then it is taken up again
 * with a segment that is exactly one message.  What cannot be put together is passed by, never waited for.  Whether
 * an answer was asked for is not decided here, so a forged segment can at most hide an answer.
 *
 * Pure: no clock, no input or output.
 */
#ifndef DEJUNK_TCP_DNS_H
#define DEJUNK_TCP_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "ip_pkt.h"
#include "span.h"

struct tcp_dns;

/* one whole message (lent); @last: this packet completes no other after it */
typedef void tcp_dns_on_message(void *ctx, struct span message, bool last);

/* tcp_dns_new - NULL without memory; @seed: random */
struct tcp_dns *tcp_dns_new(uint64_t seed);
void tcp_dns_free(struct tcp_dns *t);
/* tcp_dns_packet - a TCP packet (ip_pkt_parse), of either direction; on_message for each message that it completes, in order
 * A packet that is cut or a fragment tells nothing. */
void tcp_dns_packet(struct tcp_dns *t, const struct ip_pkt *p, uint64_t now_ms, tcp_dns_on_message *on_message, void *ctx);

#endif
