/* SPDX-License-Identifier: GPL-3.0-or-later */
/* setsync - in the monitor: what the queue process learned, checked and put into the kernel's sets
 *
 * The queue process is not believed: enumerations, families, prefix lengths, and that an address is public
 * and not the gateway's own are checked here for every element (DESIGN section 2: the owner of a blocked name
 * must not be able to lock anybody out of the gateway).
 */
#ifndef DEJUNK_SETSYNC_H
#define DEJUNK_SETSYNC_H

#include <stddef.h>
#include <stdint.h>

#include "messages.h"

struct nftset;
struct rtnl;
struct setsync;

/* setsync_new - @nft and @rtnl are borrowed and must outlive it; 0 or -ENOMEM.  Undone by setsync_free (NULL allowed). */
int setsync_new(struct setsync **out, struct nftset *nft, const struct rtnl *rtnl);
void setsync_free(struct setsync *s);
/* setsync_apply - do what one MSG_SETS asks for
 * @body, @len: the message's body as received; any length is safe
 *
 * Elements that fail the checks are left out and counted (SET_ERRORS); the rest is committed at most SET_BATCH a
 * transaction, one by one where a transaction fails because of an element.
 * Returns 0 when all was done, or a positive errno for struct msg_done: EINVAL (something was left out), ENFILE (a set is
 * full), ENOENT (no table). */
int setsync_apply(struct setsync *s, const void *body, size_t len);
/* setsync_table_new - the table was loaded anew and is empty: put the suspect prefixes back; 0 or a negative errno.
 * Learned addresses come back as they are learned, or when the queue process sends them again. */
int setsync_table_new(struct setsync *s);
/* setsync_nets - how many suspect prefixes there are */
size_t setsync_nets(const struct setsync *s);

#endif
