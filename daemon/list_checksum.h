/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_checksum - does a filter list agree with the checksum that it states of itself?
 *
 * "! Checksum: " and the MD5 in Base64 without padding, of the text with its carriage returns, its empty lines and the
 * line of the checksum itself left out: as Adblock Plus defined it and AdGuard writes it.
 */
#ifndef DEJUNK_LIST_CHECKSUM_H
#define DEJUNK_LIST_CHECKSUM_H

#include "span.h"

enum list_checksum { CHECKSUM_NONE, CHECKSUM_GOOD, CHECKSUM_BAD };

/* list_checksum - CHECKSUM_NONE: no line before the first filter states one */
enum list_checksum list_checksum(struct span text);

#endif
