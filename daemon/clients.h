/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clients - the link-layer address behind a client's IP address, learned from its DNS queries
 *
 * Pure: no clock, no input or output.  All memory is reserved by clients_new(); at the
 * bound the least recently learned address is forgotten.
 */
#ifndef DEJUNK_CLIENTS_H
#define DEJUNK_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "messages.h"

struct clients;

/* clients_new - an empty map of at most @max addresses (LIMIT_CLIENTS); @seed: random.  NULL without memory */
struct clients *clients_new(uint32_t max, uint64_t seed);
void clients_free(struct clients *c);
/* clients_learn - @ip (port ignored) was seen with the link-layer address @hw; the last word counts
 * Returns true when another address was forgotten for it. */
bool clients_learn(struct clients *c, const struct addr *ip, const uint8_t hw[6]);
/* clients_forget - @ip was seen without a link-layer address */
void clients_forget(struct clients *c, const struct addr *ip);
/* clients_find - the client behind @ip (port ignored): CLIENT_HW where it was learned, else CLIENT_IP */
struct client clients_find(const struct clients *c, const struct addr *ip);
/* clients_count - addresses known */
uint32_t clients_count(const struct clients *c);

#endif
