/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts - from a request head to what the rules may look at
 *
 * Pure but for the memory it writes to, which is the caller's.
 */
#ifndef DEJUNK_FACTS_H
#define DEJUNK_FACTS_H

#include <time.h>

#include "host.h"
#include "http1_head.h"
#include "rules.h"
#include "url.h"

struct facts_room {		/* what the spans of a struct facts point into; large: make it static */
	char host[HOST_MAX + 1];
	char source[HOST_MAX + 1];
	char url[LIMIT_HEAD_BYTES + HOST_MAX + 16];
};

/* facts_read - what the rules may look at in this request
 * @f:      filled; spans point into @room, addresses are @client and @server themselves
 * @h, @u:  the head and url_from_request() of it
 * @client, @server: addresses of the connection (borrowed as long as @f)
 * @now:    for the schedules
 *
 * A request that names no host, or none that is one, is for the server's address. */
void facts_read(struct facts *f, struct facts_room *room, const struct rules *r, const struct http1_head *h,
		const struct url *u, const struct station *client, const struct addr *server, time_t now);

/* facts_extension - url_extension() of facts.url */
struct span facts_extension(const struct facts *f);

#endif
