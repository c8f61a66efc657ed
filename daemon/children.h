/* SPDX-License-Identifier: GPL-3.0-or-later */
/* children - the monitor's child processes: start, heartbeat, kill, restart with back-off, stop
 *
 * Knows nothing of what the roles do: the monitor's calls say what a child is given when it
 * starts and what becomes of its messages.  A child that dies or is silent for LIMIT_SILENCE_MS
 * is reported at once (calls.changed), so that the lease can go first.
 */
#ifndef DEJUNK_CHILDREN_H
#define DEJUNK_CHILDREN_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc.h"
#include "limits.h"
#include "messages.h"

enum { CHILDREN_MAX = 4 * LIMIT_WORKERS + 8 };	/* processes: those that end beside those that begin */
enum {
	START_MS = 15000,	/* for READY after the start; then killed */
	RULES_MS = 15000,	/* for READY after new rules, during which silence only withdraws the lease */
	WELL_MS = 10000,	/* of life after which the back-off begins anew */
	STOP_MS = 2000,		/* for an orderly end, beyond what connections are given; then SIGKILL */
	STOP_LISTEN_MS = 200,	/* a proxy that nobody follows still accepts what was redirected to it */
};

struct children;

struct proc {
	struct children *all;	/* NULL: the slot is free */
	enum role role;
	unsigned index;		/* which proxy */
	char name[24];		/* "proxy 1" */
	pid_t pid;		/* 0: not running */
	int sock;		/* ours, or -1 */
	int counters_fd;	/* one page for all its lives */
	bool retired;		/* not to be started again: told to end */
	bool before;		/* of the binary before this one: serves until its successor does, and is not started again */
	bool killed;		/* SIGKILL was sent: it is as good as dead */
	bool ready;
	bool silent;
	uint64_t generation;	/* of the rules it last said READY for */
	uint64_t given;		/* of the rules it was last given */
	uint64_t given_ms;
	uint64_t leave_ms;	/* told to end: when it must have; then SIGKILL */
	uint64_t started_ms;
	uint64_t heard_ms;	/* its last PONG or READY */
	unsigned restarts;
	unsigned backoff_ms;
	struct msg_pong pong;	/* the last one */
	bool overload;		/* short of descriptors, connections or buffers (lease_overload) */
	uint64_t accepted_before;	/* by its earlier lives */
	ev_io io;
	ev_child died;
	ev_timer again;
};

struct children_calls {
	/* a new life began: send COUNTERS, descriptors, SETTINGS, RULES */
	void (*started)(struct proc *p);
	/* a message other than PONG and READY; a descriptor is kept by setting m->fd = -1 */
	void (*message)(struct proc *p, struct ipc_message *m);
	/* ready, dead, silent or answering again: the lease is to be decided anew */
	void (*changed)(struct proc *p);
	/* it is gone for good, and its slot about to be free */
	void (*gone)(struct proc *p);
};

struct children {
	struct ev_loop *loop;
	const struct children_calls *calls;
	bool stopping;
	uint64_t tick_ms;		/* when children_tick() last ran */
	uint32_t ping_seq;
	struct proc proc[CHILDREN_MAX];
};

/* children_init - no child yet; @calls is borrowed */
void children_init(struct children *all, struct ev_loop *loop, const struct children_calls *calls);
/* children_add - start a child and keep it alive; NULL: no slot, no page of counters, or the fork failed (logged) */
struct proc *children_add(struct children *all, enum role role, unsigned index);
/* children_adopt - a child that the binary before this one started: it is in @as, descriptors included; NULL: no slot */
struct proc *children_adopt(struct children *all, const struct proc *as);
/* children_retire - end a child in an orderly way, for good
 * @ms: what its connections are given; @listen_ms: for which it still accepts (messages.h) */
void children_retire(struct proc *p, uint32_t ms, uint32_t listen_ms);
/* children_tick - call every HEARTBEAT_MS: pings, and looks who is silent */
void children_tick(struct children *all, uint64_t now_ms);
/* children_kill - SIGKILL; it will be restarted.  @why is logged */
void children_kill(struct proc *p, const char *why);
/* children_stop - no restarts any more; STOP to all but admin, with LIMIT_STOP_MS for their connections, to admin when
 * the others are gone.  Call again every HEARTBEAT_MS; returns true when none is left. */
bool children_stop(struct children *all);
/* children_kill_all - SIGKILL to each that is left, and wait for them */
void children_kill_all(struct children *all);

/* children_first, children_next - over those neither retired nor of before: for (p = children_first(all); p; p = children_next(p))
 * children_any, children_any_next - over all that run or are to run again */
struct proc *children_first(struct children *all);
struct proc *children_next(struct proc *p);
struct proc *children_any(struct children *all);
struct proc *children_any_next(struct proc *p);
/* children_find - a child neither retired nor of before; NULL: there is none
 * children_before - the one of before that still serves in this place; NULL: there is none */
struct proc *children_find(struct children *all, enum role role, unsigned index);
struct proc *children_before(struct children *all, enum role role, unsigned index);

/* proc_send - as ipc_send(); a child that does not read its messages, or whose socket broke, is killed */
int proc_send(struct proc *p, enum message type, uint32_t seq, const void *body, size_t len, int fd);
/* proc_accepted - redirected connections accepted in all its lives */
uint64_t proc_accepted(const struct proc *p);

/* children_exec - fork and exec "dejunk child ROLE" with @sock as IPC_FD; returns the pid or a negative errno.
 * For roles that are not kept alive (compile); the others use children_add().
 * @file: the binary (O_PATH); -1: the one that runs */
pid_t children_exec(enum role role, int sock, int file);

#endif
