/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_sets - the sets of lists of a mapped image: opened, counted, and what they say about a host or request
 *
 * Lists with the same options are one set.  What is blocked by one is lifted by exceptions of all that are in force
 * for the client, so they are decided together (rules_listed).  Only the files of rules include this.
 */
#ifndef DEJUNK_RULES_SETS_H
#define DEJUNK_RULES_SETS_H

#include "rules_mapped.h"

/* --- rules_sets: the sections --------------------------------------------- */

/* rules_sets_open - check the sections of all sets and open them; NULL, or what is broken */
const char *rules_sets_open(struct rules *r);
void rules_sets_close(struct rules *r);
/* rules_sets_origin - rules_origin() of what is no own rule */
bool rules_sets_origin(const struct rules *r, uint32_t origin, struct rules_origin *out, char *text, size_t text_len);
/* rules_sets_count - names and filters that can decide something */
void rules_sets_count(const struct rules *r, uint64_t *names, uint64_t *filters);
bool rules_sets_block_hosts(const struct rules *r);	/* can a list refuse a connection? */

/* --- rules_listed: deciding ----------------------------------------------- */

/* rules_listed_host - may a connection to this host be opened, as far as lists say?  BLOCK; ALLOW when a list blocks
 * the host, but another lifts that, or an exception names the host, so that only port 80 can tell; or PASS */
struct verdict rules_listed_host(const struct rules *r, const struct station *client, struct span host);
/* rules_listed_request - the same for a whole request
 * @hosts: do entries that block a whole host count?  @observe: decide as if lists of mode observe were in force */
struct verdict rules_listed_request(const struct rules *r, const struct facts *f, bool hosts, bool observe);
/* rules_listed_filters - rules_filters(), own rules apart */
size_t rules_listed_filters(const struct rules *r, const struct facts *f, enum rules_filter_kind kind,
			    struct rules_filter *out, size_t max);

#endif
