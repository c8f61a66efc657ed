/* SPDX-License-Identifier: GPL-3.0-or-later */
/* addr - one IP address of either family, with a port; and address prefixes
 *
 * A v4-mapped IPv6 address (::ffff:a.b.c.d) never appears in a struct addr:
 * every constructor here turns it into the IPv4 address it stands for.
 */
#ifndef DEJUNK_ADDR_H
#define DEJUNK_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "span.h"

struct addr {
	uint8_t family;		/* AF_INET, AF_INET6, or 0: no address */
	uint8_t _pad;
	uint16_t port_be;	/* network byte order; 0 where none is meant */
	uint8_t ip[16];		/* network byte order; the first 4 for AF_INET, the rest 0 */
};

struct prefix {
	struct addr net;	/* port_be 0, host bits 0 */
	uint8_t bits;
};

/* a client as groups of rules.yaml know it */
struct station {
	struct addr ip;		/* port not looked at; family 0: not known */
	bool hw_known;
	uint8_t hw[6];		/* its link-layer address, when hw_known */
};
enum { FAMILY_HW = 255 };	/* family of a prefix that is a link-layer address, all 48 bits of it */

enum { ADDR_TEXT = 64 };	/* bytes that addr_format() can need, NUL included */

/* addr_from_sockaddr - from what the kernel filled in; false: neither family */
bool addr_from_sockaddr(struct addr *a, const struct sockaddr_storage *ss);
/* addr_to_sockaddr - returns the length for bind() and connect(); 0: no address */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);
/* addr_from_ip - from raw network-order bytes, 4 (AF_INET) or 16 (AF_INET6) of them */
void addr_from_ip(struct addr *a, int family, const void *ip);
/* addr_parse - an address in text, no port, no brackets, no zone; false: not one */
bool addr_parse(struct addr *a, struct span text);
/* addr_parse_port - "1.2.3.4:80" or "[2001:db8::1]:80"; false: not one */
bool addr_parse_port(struct addr *a, struct span text);
/* addr_format - "1.2.3.4" or "2001:db8::1"; returns @out, always terminated */
const char *addr_format(const struct addr *a, char out[ADDR_TEXT]);
/* addr_format_port - "1.2.3.4:80" or "[2001:db8::1]:80"; returns @out */
const char *addr_format_port(const struct addr *a, char out[ADDR_TEXT]);
/* addr_eq_ip - same family and address, ports not looked at */
bool addr_eq_ip(const struct addr *a, const struct addr *b);
/* addr_len - bytes of the address itself: 4 or 16 */
static inline unsigned addr_len(const struct addr *a) { return a->family == AF_INET ? 4 : 16; }
/* addr_is_public - could be some host of the Internet: not private (RFC 1918, 4193, 6598),
 * link-local, loopback, multicast, broadcast, unspecified or v4-mapped.  Only such
 * addresses are ever learned from DNS.  Documentation prefixes count as public. */
bool addr_is_public(const struct addr *a);

/* prefix_parse - "198.51.100.0/24", "2001:db8::/32", or a plain address; false: not one.
 * Host bits are cleared. */
bool prefix_parse(struct prefix *p, struct span text);
/* prefix_parse_hw - "3c:22:fb:01:02:03", or with hyphens; false: not one */
bool prefix_parse_hw(struct prefix *p, struct span text);
/* prefix_has - is @a inside @p?  Never in one of FAMILY_HW */
bool prefix_has(const struct prefix *p, const struct addr *a);
/* prefix_holds - is every address of @inner inside @p? */
bool prefix_holds(const struct prefix *p, const struct prefix *inner);
/* prefix_has_station - is the client's address inside @p, or is @p its link-layer address? */
bool prefix_has_station(const struct prefix *p, const struct station *s);

#endif
