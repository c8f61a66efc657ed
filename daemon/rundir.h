/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rundir - the run directory: one dejunk a directory, its pid file and its control socket
 *
 * The pid file is locked (flock) for the life of the monitor, so that a second instance is refused
 * and a pid file left behind by a killed one is not believed.
 */
#ifndef DEJUNK_RUNDIR_H
#define DEJUNK_RUNDIR_H

#include <linux/limits.h>
#include <stddef.h>
#include <sys/types.h>

#define RUNDIR_DEFAULT "/run/dejunk"

struct rundir {
	char path[PATH_MAX];
	int dir;		/* descriptors; -1: closed */
	int pid;
	int control;		/* listening */
	uid_t owner;		/* of the directory: may use the control socket beside root */
};

/* rundir_open - make the directory (0755) where it is missing, take the lock, write the pid, listen on "control"
 * @why: filled with one line on failure
 * Returns 0 or -1 with nothing left behind but perhaps the directory. */
int rundir_open(struct rundir *r, const char *path, char *why, size_t why_len);
/* rundir_close - remove the pid file and the socket, give the lock back; on one that is not open: nothing */
void rundir_close(struct rundir *r);
/* rundir_connect - from another process: a blocking connection to the control socket under @path, or a negative errno
 * (-ENOENT, -ECONNREFUSED: no dejunk runs there) */
int rundir_connect(const char *path);

#endif
