/* SPDX-License-Identifier: GPL-3.0-or-later */
/* learned_copy - the names learned, in a file: from a queue process to the one that follows it
 *
 * Records of one fixed head and a chain of names.  Bounded by what a table of names holds.
 */
#ifndef DEJUNK_LEARNED_COPY_H
#define DEJUNK_LEARNED_COPY_H

#include "names.h"

/* learned_copy_write - all live names of @n into @fd; 0 or a negative errno (what was written is whole records) */
int learned_copy_write(int fd, struct names *n, uint64_t now_ms);
/* learned_copy_read - tell @fn of every name in the file, from its beginning on; returns how many, or a negative errno.  What is
 * not a record ends it. */
int learned_copy_read(int fd, names_on_name *fn, void *arg);

#endif
