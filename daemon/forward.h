/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forward - what the monitor said about the FORWARD policy, remembered
 *
 * A client that the kernel would not let through to a server must not reach it through the
 * proxy.  The monitor knows the chains; its answers hold for one epoch (settings).
 */
#ifndef DEJUNK_FORWARD_H
#define DEJUNK_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

/* forward_epoch - forget what was answered before @epoch */
void forward_epoch(uint32_t epoch);
/* forward_known - was it answered in this epoch?  @passes: filled when true */
bool forward_known(const struct addr *client, const struct addr *server, bool *passes);
/* forward_remember - at most LIMIT_FORWARD_ANSWERS; an older one may give way */
void forward_remember(const struct addr *client, const struct addr *server, bool passes);

#endif
