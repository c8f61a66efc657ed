/* SPDX-License-Identifier: GPL-3.0-or-later */
/* listener - accept redirected connections, and the probe
 *
 * Accepting pauses when there are no more descriptors or connections; what is
 * established goes on.  The listening sockets are the monitor's; the ones here are copies.
 */
#ifndef DEJUNK_LISTENER_H
#define DEJUNK_LISTENER_H

#include <ev.h>
#include <stdint.h>

#include "addr.h"

/* listener_init - before anything else here; @on_short: called once 90 % of descriptors or connections are taken, and again
 * only after fewer than 70 % were (lease_overload) */
void listener_init(void (*on_short)(void));
/* listener_limit - descriptors the process may have */
void listener_limit(unsigned max_files);
/* listener_listen - accept from @fd (taken) from now on, and no longer from an older one; -1: no longer at all */
void listener_listen(struct ev_loop *loop, int fd);
/* listener_probe - the same for the probe */
void listener_probe(struct ev_loop *loop, int fd);
/* listener_left - a connection of this client is over */
void listener_left(const struct addr *client);
/* listener_files - descriptors open in this process */
unsigned listener_files(void);
/* listener_accepted - redirected connections accepted so far */
uint64_t listener_accepted(void);

#endif
