/* SPDX-License-Identifier: GPL-3.0-or-later */
/* errand - what the roles have in common that do one thing for the monitor and end: compile and fetch
 *
 * They have no loop: they ask, and wait for the answer.  Each of these functions ends the process with
 * ERRAND_BROKEN where the monitor is gone (without a word: there is nobody to tell) or breaks the protocol.
 */
#ifndef DEJUNK_ERRAND_H
#define DEJUNK_ERRAND_H

#include <stdint.h>

#include "ipc.h"
#include "messages.h"

enum { ERRAND_BROKEN = 2 };	/* exit status */

/* errand_begin - name the process "dejunk-@name", wait for the settings, adopt their log level; fills @out */
void errand_begin(const char *name, struct msg_settings *out);
/* errand_receive - wait for the next message of @type; all others are not for us; MSG_STOP ends the process
 * The message is lent until the next call; its descriptor, if any, is the caller's */
const struct ipc_message *errand_receive(uint16_t type);

#endif
