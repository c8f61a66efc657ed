/* SPDX-License-Identifier: GPL-3.0-or-later */
/* setbox - set changes on their way to the monitor: a bounded queue, cut into transactions
 *
 * Changes are numbered in the order they were put in; a *position* is how many were put
 * before.  Whoever waits for a change waits for its position to be done.  Few transactions
 * are under way at once, so that what comes meanwhile is collected into fewer and larger ones.
 *
 * Pure: no clock, no input or output.
 */
#ifndef DEJUNK_SETBOX_H
#define DEJUNK_SETBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"

enum { SETBOX_UNDER_WAY = 2 };		/* transactions sent and not yet answered */

struct setbox;

/* setbox_new - at most @max changes wait in it; NULL without memory */
struct setbox *setbox_new(uint32_t max);
void setbox_free(struct setbox *b);
/* setbox_put - one more change (copied); false: full (or no memory), the change is lost */
bool setbox_put(struct setbox *b, const struct msg_set *set);
/* setbox_position - how many changes were ever put: wait for this to wait for all of them */
uint64_t setbox_position(const struct setbox *b);
/* setbox_done_position - up to here, all changes were answered for */
uint64_t setbox_done_position(const struct setbox *b);
/* setbox_waiting - changes not sent yet */
uint32_t setbox_waiting(const struct setbox *b);
/* setbox_peek - the next transaction to send: at most LIMIT_SET_BATCH changes in *@sets, lent until the next
 * call; 0: none, or enough are under way. */
size_t setbox_peek(struct setbox *b, const struct msg_set **sets);
/* setbox_seq - the seq to send it with
 * setbox_sent - it was sent: the @n changes that setbox_peek gave are under way */
uint32_t setbox_seq(const struct setbox *b);
void setbox_sent(struct setbox *b, size_t n);
/* setbox_done - the transaction @seq was answered, and all before it; false: none such is under way */
bool setbox_done(struct setbox *b, uint32_t seq);

#endif
