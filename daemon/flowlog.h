/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flowlog - a line of the log about what a rule did to a message; for people who run with -d debug */
#ifndef DEJUNK_FLOWLOG_H
#define DEJUNK_FLOWLOG_H

#include "conn.h"

/* flowlog_rule - "#17 DID [WHAT of] URL by FILE:LINE"
 * @did: "blocked"; @what: a name within the message, or empty; @url: of the request; @origin: of the rule */
void flowlog_rule(const struct conn *c, const char *did, struct span what, struct span url, uint32_t origin);

#endif
