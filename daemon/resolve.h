/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolve - the hosts named in rules.yaml, resolved ahead and kept fresh (c-ares on libev)
 *
 * Each host is asked for both families, at most RESOLVE_AT_ONCE questions at a time, again before
 * its lifetime is over, and with growing pauses while it fails.  The reply is read by dns_msg, so that aliases and
 * lifetimes are judged as in clients' answers.
 *
 * /etc/resolv.conf is read by resolve_new(), before the sandbox takes the file system away; afterwards a
 * descriptor of it must be handed in (resolve_servers).
 */
#ifndef DEJUNK_RESOLVE_H
#define DEJUNK_RESOLVE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "dns_msg.h"
#include "rules.h"

struct resolve;

/* an answer with addresses came; lent.  Return false when it could not be handed on: it is asked again soon. */
typedef bool resolve_on_answer(void *ctx, const struct dns_msg *m);

/* resolve_new - reads /etc/resolv.conf; nothing is asked before resolve_hosts().  NULL: no memory, or c-ares failed (logged) */
struct resolve *resolve_new(struct ev_loop *loop, resolve_on_answer *on_answer, void *ctx);
void resolve_free(struct resolve *r);
/* resolve_hosts - these and no others from now on; hosts that were there already keep their times */
void resolve_hosts(struct resolve *r, const struct rules *rules);
/* resolve_again - whoever listens is new: ask for all anew */
void resolve_again(struct resolve *r);
/* resolve_servers - ask the name servers of the resolv.conf in @fd (borrowed, read from its start) from now on
 * Returns how many it names; 0: none, and the old ones stay. */
int resolve_servers(struct resolve *r, int fd);

#endif
