/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build - in the monitor: one run of the compile child, which makes a rule image without privileges
 *
 * Opens for the child what it asks for, and only rules.yaml itself and files whose path (lists whose URL) is a value in it (named): a
 * list that took the compiler over must not be able to read /etc/shadow.  The run is bounded by LIMIT_COMPILE_MS.
 *
 * The image is kept in the state directory for the next build whose inputs are the same (rules_cache).  The child reads
 * and writes that file too, through descriptors; it does so after the image was handed over, so that neither the start
 * nor the lease wait for a disk.
 */
#ifndef DEJUNK_BUILD_H
#define DEJUNK_BUILD_H

#include <ev.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc.h"
#include "messages.h"

struct build;
/* @fd: the image, the callee's to close; or -1: it failed.  @text: warnings or errors, lines, borrowed
 * Returns whether it is in force: only then it is worth being kept. */
typedef bool build_on_done(struct build *b, int fd, const char *text);

struct build {
	struct ev_loop *loop;
	build_on_done *on_done;
	char path[PATH_MAX];	/* of rules.yaml, absolute */
	const char *state;	/* the state directory, borrowed; NULL: the usual one */
	uint64_t generation;	/* of this build, or the last one */
	int dir;		/* the state directory, borrowed; -1: nothing is kept */
	pid_t pid;		/* 0: none is running */
	int sock;
	int image;		/* what it answered so far */
	struct msg_built built;	/* and said about it */
	bool done;		/* on_done was called: at most it still writes the cache */
	bool saving;		/* into a file that is to be committed or discarded */
	char *text;		/* allocated, or NULL */
	char *rules;		/* rules.yaml as it was opened, to look paths up in; allocated, or NULL */
	size_t rules_len;
	unsigned opened;	/* files */
	ev_io io;
	ev_child died;
	ev_timer limit;
};

/* build_init - @path of rules.yaml, relative to the working directory or absolute; 0 or a negative errno */
int build_init(struct build *b, struct ev_loop *loop, const char *path, build_on_done *on_done);
/* build_start - begin; on_done is called once, from the loop.  Only when none is running; one that still writes its
 * cache is ended, for a newer one is to come.  0 or a negative errno */
int build_start(struct build *b, const struct msg_settings *settings, uint64_t generation);
/* build_running - was one started, and on_done not yet called? */
bool build_running(const struct build *b);
/* build_read_rules - rules.yaml as it is now, allocated; NULL: it cannot be read.  @len: filled */
char *build_read_rules(const struct build *b, size_t *len);
/* build_cancel - end it without calling on_done */
void build_cancel(struct build *b);

#endif
