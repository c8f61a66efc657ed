/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_frag - IP packets put together from their fragments
 *
 * For captures: on the live path connection tracking has done it (nf_defrag, priority -400) before any chain of ours.
 *
 * Fragments may come in any order and more than once.  Where two disagree about a byte the packet is given up, as
 * RFC 5722 demands of IPv6 and Linux does for both.  The table is bounded: the oldest packet goes first.
 * RFC 791 section 3.2, RFC 8200 section 4.5.  Pure: no clock, no input or output.
 */
#ifndef DEJUNK_IP_FRAG_H
#define DEJUNK_IP_FRAG_H

#include "span.h"

enum { IP_FRAG_PACKETS = 64 };	/* under way at once, each up to 65,535 bytes */

enum ip_frag_result {
	IP_FRAG_WHOLE,		/* not a fragment, or the last one that was missing: *out is the packet */
	IP_FRAG_MORE,		/* taken; others are missing */
	IP_FRAG_BAD,		/* malformed, or contradicts another, which is given up with it */
	IP_FRAG_NO_MEMORY,
};

struct ip_frag;

/* ip_frag_new - an empty table; NULL without memory */
struct ip_frag *ip_frag_new(void);
void ip_frag_free(struct ip_frag *t);
/* ip_frag_add - one packet (borrowed)
 * @out: filled for WHOLE: @in itself (anything that is no fragment, what is no IP included), or the packet put together, which
 *       lives until the next call */
enum ip_frag_result ip_frag_add(struct ip_frag *t, struct span in, struct span *out);
/* ip_frag_waiting - packets that are not whole; ip_frag_lost - those given up or forgotten so far, and malformed fragments */
unsigned ip_frag_waiting(const struct ip_frag *t);
unsigned ip_frag_lost(const struct ip_frag *t);

#endif
