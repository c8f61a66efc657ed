/* SPDX-License-Identifier: GPL-3.0-or-later */
/* url - what a request asks for: host, port, path; and hosts inside other fields
 *
 * Pure; spans point into the head.  Hosts come out as sent: host_normalise() makes
 * them comparable.  RFC 9112 section 3.2 and 3.3, RFC 3986 section 3.2.
 */
#ifndef DEJUNK_URL_H
#define DEJUNK_URL_H

#include <stdint.h>

#include "http1_head.h"

enum url_form { URL_ORIGIN, URL_ABSOLUTE, URL_AUTHORITY, URL_ASTERISK };

struct url {
	enum url_form form;
	struct span host;	/* as sent, brackets of an IPv6 address included; empty: not told (HTTP/1.0, "Host:") */
	uint16_t port;		/* as sent, else the scheme's (80); 0: a scheme we do not know */
	struct span path;	/* path and query as sent, no fragment; "/" where the target has none; "*" asterisk-form */
	struct span query;	/* what follows the first "?" of it; empty */
	enum http1_fault fault;	/* filled when the answer is BAD */
};

/* url_from_request - what is asked for, from target and Host field
 * Returns DONE or BAD (refuse with 400).  absolute-form: the target's authority counts, and
 * must agree with Host.  BAD: host or port malformed, user information, a target in none of
 * the four forms, authority-form without CONNECT (and the reverse), "*" without OPTIONS. */
enum parse url_from_request(const struct http1_head *h, struct url *out);

/* url_write - host[:port]/path?query as struct facts wants it
 * @host: normalised; gets brackets when it is an IPv6 address without them
 * The port is written only when it is not 80.  Returns the length; 0: does not fit into @cap,
 * or authority-form. */
size_t url_write(const struct url *u, struct span host, char *out, size_t cap);

/* url_extension - "js" of "/a/b.min.js?x=1" or of "/b.js;v=2": letters and digits after the last dot of
 * the last segment, at most 8, as sent; else empty */
struct span url_extension(struct span path);

/* url_host - the host in a Referer or Origin value, as sent; empty when there is none ("null",
 * "about:blank", garbage) */
struct span url_host(struct span ref);

/* url_split_authority - "host", "host:8080", "[::1]:80" -> host (brackets kept) and port
 * @port: filled only when the text has one ("host:" has none).  false: malformed. */
bool url_split_authority(struct span text, struct span *host, uint16_t *port);

#endif
