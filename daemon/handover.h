/* SPDX-License-Identifier: GPL-3.0-or-later */
/* handover - what a monitor leaves to the binary that takes its place: descriptors, processes, the state of the firewall
 *
 * Lines of text in a memfd, a key and its value each, so that versions can differ: an unknown key is passed over, a
 * missing one is 0 (a descriptor: -1).  HANDOVER_FORMAT says more than this file does: both sides speak the same messages.h
 * with processes of the other, PING, PONG, SETTINGS, STOP, SETS, DIRECT, FORWARD_ASK and HAND_OVER.  Who changes
 * one of these so that the other side would misunderstand raises the number, and such versions refuse each other.
 */
#ifndef DEJUNK_HANDOVER_H
#define DEJUNK_HANDOVER_H

#include <linux/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "children.h"
#include "counters.h"
#include "limits.h"

enum {
	HANDOVER_FORMAT = 1,
	HANDOVER_NAMES = 512,	/* counters, and limits, of the other version that are known by name */
	HANDOVER_WHY = PATH_MAX + 256,
};

#define HANDOVER_ENV "DEJUNK_HANDOVER"	/* the descriptor */

/* numbers that are descriptors */
#define HANDOVER_FDS(X) X(dir) X(pid) X(control) X(image) X(probe) X(client) X(counters)
/* other numbers: those of struct monitor and its parts with the same names, where nothing else is said */
#define HANDOVER_NUMBERS(X) \
	X(owner) X(start) X(generation) X(built) X(again) X(port) X(queue_syn) X(queue_dns) X(queue_hello) X(forward_epoch) \
	X(client_text)	/* how the client wants its answer */ \
	X(image_format) X(began_ms)	/* of the upgrade */ \
	X(table) X(queue_rules) X(handle) X(rules) X(digest) X(armed) X(since) X(since_ms) X(redirected) X(refused) \
	X(refused_before)	/* by queue processes that are gone */ \
	X(asked) X(now_redirected) X(now_refused_tcp) X(now_refused_udp) X(now_asked_syn) X(now_asked_dns) X(now_asked_hello) \
	X(now_queued_syn) X(now_queued_dns) X(now_queued_hello) X(before_redirected) X(before_refused_tcp) X(before_refused_udp) \
	X(before_asked_syn) X(before_asked_dns) X(before_asked_hello) X(before_queued_syn) X(before_queued_dns) X(before_queued_hello)
/* where the monitor keeps the numbers now_NAME and before_NAME */
#define HANDOVER_TALLIES(X) \
	X(kernel[KERNEL_REDIRECTED], redirected) X(kernel[KERNEL_REFUSED_TCP], refused_tcp) X(kernel[KERNEL_REFUSED_UDP], refused_udp) \
	X(kernel[KERNEL_ASKED_SYN], asked_syn) X(kernel[KERNEL_ASKED_DNS], asked_dns) X(kernel[KERNEL_ASKED_HELLO], asked_hello) \
	X(queued[0], queued_syn) X(queued[1], queued_dns) X(queued[2], queued_hello)

struct handover_proc {
	char role[16];
	unsigned index;
	int pid, sock, counters;	/* counters -1: its page is of yet another version */
	bool ready, retired, folded;	/* folded: what it had counted is in the monitor's page */
	unsigned restarts;
	uint64_t started_ms, leave_ms, accepted, generation;
};

struct handover {
	char version[32];
	char config[PATH_MAX], state_dir[PATH_MAX], binary[PATH_MAX], probe_addr[64];
#define X(name) int64_t name;
	HANDOVER_FDS(X)
	HANDOVER_NUMBERS(X)
#undef X
	char warnings[8192];		/* of the rules that were built: lines */
	unsigned listeners;
	int listen[LIMIT_WORKERS];
	unsigned procs;
	struct handover_proc proc[CHILDREN_MAX];
	/* the other version's pages of counters: which of ours each of theirs is; -1: none.  Not written, but made of names */
	unsigned counter_names, limit_names;
	int16_t counter[HANDOVER_NAMES], limit[HANDOVER_NAMES];
};

/* handover_init - all zero, descriptors -1 */
void handover_init(struct handover *h);
/* handover_write - as a memfd, at its beginning; or a negative errno */
int handover_write(const struct handover *h);
/* handover_read - from @fd (borrowed); 0, or -1 and one line in @why */
int handover_read(struct handover *h, int fd, char why[HANDOVER_WHY]);
/* handover_keep - let all its descriptors (and none other but the standard ones and @also) survive an exec, or
 * (@keep false) none at all */
void handover_keep(const struct handover *h, int also, bool keep);
/* handover_fold - add what was counted in the page @fd of the other version since @last to @into, and bring @last up to date
 * @last: counter_names + limit_names values, zero at first */
void handover_fold(const struct handover *h, int fd, uint64_t last[2 * HANDOVER_NAMES], struct counters *into);

#endif
