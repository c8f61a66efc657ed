/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sandbox - what a child gives up, once and for ever, before it reads anything from outside
 *
 *	role		user	capabilities	seccomp	files (landlock)
 *	monitor		root	all		-	-		(sandbox_enter is not for it)
 *	compile		own	none		yes	read only
 *	queue		own	CAP_NET_ADMIN	yes	none
 *	reader		own	none		yes	none
 *	proxy		own	none		yes	none
 *	admin		own	none		yes	none
 *	fetch		own	none		yes	certificates and what names are resolved with: read only
 *	dejunk see	own	none		yes	none		(no role: sandbox_enter_alone)
 *
 * For all: no_new_privs, not dumpable, no core, an empty bounding set, no supplementary groups.
 */
#ifndef DEJUNK_SANDBOX_H
#define DEJUNK_SANDBOX_H

#include <stdint.h>

#include "messages.h"

/* sandbox_enter - give everything up that @role does not need
 * @uid, @gid: to become; not 0.  When the process is not root already it stays who it is.
 * @max_files: descriptors it may have from now on (lowered to what is allowed); 0: leave as it is
 *
 * Call it single-threaded, with all files open that are needed, before the event loop (epoll may come after).
 * Loads the time zone first, so that localtime() works afterwards.
 * Returns 0, or a negative errno: the process then must end, it may be half way down.
 * A kernel without landlock is not an error (logged at debug level). */
int sandbox_enter(enum role role, uint32_t uid, uint32_t gid, uint32_t max_files);

/* sandbox_enter_alone - for a verb that reads a hostile file: everything sandbox_enter() takes, and sockets, messages, events
 * and new descriptors as well.  What is left is to read and write the descriptors that are open, and memory.
 * Arguments and answers as above.  Unlike a child it outlives who started it. */
int sandbox_enter_alone(uint32_t uid, uint32_t gid);

#endif
