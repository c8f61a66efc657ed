/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetching - in the monitor: one run of the fetch child, which gets one list without privileges
 *
 * Gives the child a file to write and hands back what it says of it; looks at the file's size and at nothing in it.
 * The run is bounded by LIMIT_FETCH_MS.
 */
#ifndef DEJUNK_FETCHING_H
#define DEJUNK_FETCHING_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "list_state.h"
#include "messages.h"

struct fetching;

struct fetched {
	enum fetch_what what;
	uint64_t bytes;
	uint64_t digest;
	uint32_t lines, rules;
	char format[24];
	char etag[LIST_ETAG_BYTES + 1];
	char modified[LIST_MODIFIED_BYTES + 1];
	char why[LIST_ERROR_BYTES + 1];		/* FETCH_FAILED, FETCH_REFUSED */
};
/* the child has ended; @got is lent */
typedef void fetching_on_done(struct fetching *f, const struct fetched *got);

struct fetching {
	struct ev_loop *loop;
	fetching_on_done *on_done;
	pid_t pid;		/* 0: none is running */
	int sock;
	int file;		/* what it writes, borrowed */
	bool late;
	bool answered;
	struct fetched got;
	ev_io io;
	ev_child died;
	ev_timer limit;
};

void fetching_init(struct fetching *f, struct ev_loop *loop, fetching_on_done *on_done);
/* fetching_start - begin; on_done is called once, from the loop.  Only when none is running
 * @s: URL, and ETag, Last-Modified and digest of the copy that there is
 * @checksum: the one that the list states is to be looked at
 * @file: empty, for reading and writing; borrowed until on_done
 * 0 or a negative errno */
int fetching_start(struct fetching *f, const struct msg_settings *settings, const struct list_state *s, bool checksum,
		   int file);
/* fetching_cancel - end it without calling on_done */
void fetching_cancel(struct fetching *f);

#endif
