/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_dns - DNS messages out of TCP segments, of all connections to port 53 that pass
 *
 * Puts both directions together (tcp_stream) and takes them apart into messages (dns_stream).  A connection may
 * be silent for longer than anything is remembered of it, and its beginning may have been missed: then it is taken up again
 * with a segment that is exactly one message.  What cannot be put together is passed by, never waited for.  Of answers
 * only as many are told as questions were seen on their connection, which bounds what a server can make us read; whether
 * one belongs to a question is not decided here, so a forged segment can at most hide an answer.
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

/* one whole message (lent)
 * @at:   where it begins in the payload of the packet, all of which it lies in; TCP_DNS_ELSEWHERE: some of it came earlier
 * @last: this packet completes no other after it */
typedef void tcp_dns_on_message(void *ctx, struct span message, size_t at, bool last);
enum { TCP_DNS_ELSEWHERE = 1 << 24 };

/* tcp_dns_new - NULL without memory; @seed: random */
struct tcp_dns *tcp_dns_new(uint64_t seed);
void tcp_dns_free(struct tcp_dns *t);
/* tcp_dns_is_answer - by port; where both are 53 (old resolvers ask from there) by the QR bit, RFC 1035 s.4.1.1 */
bool tcp_dns_is_answer(const struct addr *src, const struct addr *dst, struct span message);
/* tcp_dns_packet - a TCP packet (ip_pkt_parse), of either direction; on_message for each message that it completes, in order
 * A packet that is cut or a fragment tells nothing. */
void tcp_dns_packet(struct tcp_dns *t, const struct ip_pkt *p, uint64_t now_ms, tcp_dns_on_message *on_message, void *ctx);

#endif
