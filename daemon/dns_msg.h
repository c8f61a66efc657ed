/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_msg - one DNS message: who is asked for, and which addresses the answer gives that name
 *
 * Pure: reads bytes the caller owns, keeps nothing, allocates nothing, logs
 * nothing.  Reads the header, the question and the answer section; authority and
 * additional sections (EDNS) are not looked at, so bytes behind the answer section
 * change nothing, but for SVCB and HTTPS, see below.  Whether anybody asked is the caller's business.
 *
 * Of an answer only this is believed: the CNAME records that lead from the question
 * on, in whatever order they stand (of several for one name the first), and the A and
 * AAAA records of the name at the end.  An answer with an rcode other than 0 has no addresses.
 *
 * Where SVCB or HTTPS was asked for, records of that type in AliasMode lead on like a CNAME; so does, at the end, the target
 * of the preferred record in ServiceMode, where it is another name than the owner; and the address hints of all records with
 * that target are addresses.  Records of the additional section count as those of the answer.  Hints for other targets are not: nothing may refuse them by the name of this one.
 *
 * Names come out as text: ASCII, lower case, without the final dot, the root being
 * the empty name.  A byte other than a letter, digit, '-' or '_' - a dot inside a label
 * included - becomes '?', which no rule can contain: such a name matches the rules
 * of its parents, is never longer than HOST_MAX, and never equals a real host name.
 * Grammar: RFC 1035 section 4; RFC 3596 (AAAA); RFC 9460 section 2 and 7.3 (SVCB, HTTPS).
 */
#ifndef DEJUNK_DNS_MSG_H
#define DEJUNK_DNS_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "limits.h"
#include "span.h"

enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_CNAME = 5, DNS_TYPE_AAAA = 28, DNS_TYPE_SVCB = 64, DNS_TYPE_HTTPS = 65 };

enum {
	DNS_CHAIN = 16,		/* names behind the question; longer chains are refused */
	DNS_TEXT = 253,		/* bytes of a name as text: DNS_NAME_BYTES less the root and one length */
};

enum dns_msg_result {
	DNS_MSG_QUERY,
	DNS_MSG_ANSWER,
	DNS_MSG_OTHER,		/* well-formed so far, none of our business: not a standard query, not one question, not class IN */
	/* bad: nothing in struct dns_msg may be used */
	DNS_MSG_BAD_SHORT,	/* ends in the middle of what its header promises */
	DNS_MSG_BAD_NAME,	/* a name over DNS_NAME_BYTES, or an unknown label type */
	DNS_MSG_BAD_POINTER,	/* a compression pointer that does not go back, or too many in a row */
	DNS_MSG_BAD_RECORD,	/* record data of a wrong length, or SVCB parameters that are malformed or out of order */
	DNS_MSG_BAD_CHAIN,	/* CNAMEs and aliases in a circle, or more than DNS_CHAIN of them */
	DNS_MSG_RESULTS
};

struct dns_name {
	uint8_t len;
	char text[DNS_TEXT + 1];	/* terminated */
};

struct dns_msg {
	uint16_t id;
	uint16_t qtype;			/* enum dns_type, or any other */
	uint8_t rcode;			/* ANSWER: the 4 bits of the header */
	bool truncated;			/* ANSWER: the TC bit; the client will ask again over TCP */
	bool more;			/* ANSWER: has more than DNS_MESSAGE_RECORDS records or addresses; the rest was not read */
	uint8_t names;			/* used of name[]; 1 for a QUERY */
	uint8_t links;			/* of these, those that CNAMEs lead to, the question's included: the same for all types */
	uint16_t addrs;			/* used of addr[] */
	uint16_t ech_at;		/* ANSWER: offset of the first ech parameter of an SVCB or HTTPS record; 0: there is none */
	uint32_t ttl_s;			/* the smallest of the records followed and the addresses; 0 when there are none */
	struct dns_name name[1 + DNS_CHAIN];	/* the question's, then the chain's in order; only name[0..names) is written */
	struct addr addr[LIMIT_DNS_MESSAGE_RECORDS];	/* port_be 0 */
};

static inline struct span dns_name_span(const struct dns_name *n)
{
	return (struct span){ n->text, n->len };
}

static inline bool dns_msg_is_bad(enum dns_msg_result r) { return r >= DNS_MSG_BAD_SHORT; }

/* dns_msg_parse - read one message as it stands in a UDP datagram (over TCP: behind the two bytes of length)
 * @in:  the message (borrowed; not needed afterwards)
 * @out: filled for QUERY and ANSWER; about 7 KiB, of which only what is used is written
 *
 * Returns one of enum dns_msg_result; never reads past @in. */
enum dns_msg_result dns_msg_parse(struct span in, struct dns_msg *out);
/* dns_msg_why - a few words for people: "compression pointer"; static storage */
const char *dns_msg_why(enum dns_msg_result r);

#endif
