/* SPDX-License-Identifier: GPL-3.0-or-later */
/* statedir - the state directory: what is kept from one start to the next, and can be lost without harm
 *
 * Belongs to the monitor.  A file in it comes whole or not at all: it is written as NAME.new and renamed.
 */
#ifndef DEJUNK_STATEDIR_H
#define DEJUNK_STATEDIR_H

#include <stdint.h>

#define STATEDIR_DEFAULT "/var/lib/dejunk"

/* statedir_open - make the directory (0755; its parent must be there) where it is missing
 * Returns a descriptor of it, or a negative errno. */
int statedir_open(const char *path);
/* statedir_read - a descriptor to read a regular file @name of at most @limit bytes, or a negative errno; no link is followed */
int statedir_read(int dir, const char *name, uint64_t limit);
/* statedir_create - a descriptor to write what will be @name (0600), or a negative errno */
int statedir_create(int dir, const char *name);
/* statedir_commit - what was written since statedir_create() is @name from now on; 0 or a negative errno, then it is gone */
int statedir_commit(int dir, const char *name);
/* statedir_discard - forget what was written since statedir_create() */
void statedir_discard(int dir, const char *name);

#endif
