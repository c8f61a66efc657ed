/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_lists - lists that are fetched: which are due, one child after the other, and what becomes of what they bring
 *
 * What is due within a while is fetched in one round, and a round that changed something ends with one build.  A copy
 * that it replaces is kept (HASH.old) until that build is in force: one that cannot be built with is put back.
 * The lease does not depend on any of it.  Bodies of lists are never read here.
 */
#ifndef DEJUNK_MONITOR_LISTS_H
#define DEJUNK_MONITOR_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetching.h"
#include "limits.h"
#include "list_state.h"
#include "list_store.h"
#include "rules_report.h"

struct monitor;

enum lists_result { LISTS_NOTHING, LISTS_UPDATED, LISTS_SAME, LISTS_FAILED, LISTS_REFUSED };

struct subscription {
	struct list_state state;
	struct list_state before;	/* of the copy in HASH.old, while changed */
	char hash[LIST_STORE_NAME];
	char shown[LIMIT_LIST_URL_BYTES + 1];	/* its URL without what is secret in it */
	char name[LIST_NAME_BYTES + 1];	/* empty: none */
	uint32_t every_s;
	bool checksum;
	bool named;			/* by the rules in force */
	bool wanted;			/* in this round, or the next */
	bool forced;
	bool changed;			/* its new copy is not yet proven by a build */
	enum lists_result result;	/* of the last fetch of this daemon */
	uint32_t rules_before;		/* of the copy that it replaced */
};

struct lists_waiter {			/* an update that wants an answer */
	uint32_t seq;
	uint64_t round;			/* after which */
	char *name;			/* of which list, or NULL: all */
};

struct lists {
	int dir;			/* STATE/lists, or a negative errno */
	unsigned count;
	struct subscription *sub[2 * LIMIT_LISTS + 1];	/* those of new rules come before those of the old ones go */
	struct fetching fetching;
	struct subscription *now;	/* being fetched, or NULL */
	int file;			/* what it is written to */
	uint64_t round;			/* number of the present or last one */
	uint64_t finished;		/* the last that is over, its build included */
	bool running;			/* a round is */
	bool building;			/* the round is over, the build with what it brought is not */
	uint64_t generation;		/* of that build; 0: it has not begun */
	bool swept;			/* of copies that no rule has named for long */
	unsigned waiters;
	struct lists_waiter waiter[LIMIT_CONTROL_CLIENTS];
};

/* lists_label - what people call it: its name, or its URL as it is shown (borrowed) */
static inline const char *lists_label(const struct subscription *s)
{
	return s->name[0] ? s->name : s->shown;
}

/* lists_init - the directory, and copies put back that a build was not finished with; before the first build */
void lists_init(struct monitor *m);
/* lists_close - end what runs, nobody is answered */
void lists_close(struct monitor *m);
/* lists_rules - an image is in force: its subscriptions are those to keep */
void lists_rules(struct monitor *m);
/* lists_tick - each second */
void lists_tick(struct monitor *m);
/* lists_build_begins, lists_build_ended - a build was started; it ended, @ok: and its image was adopted */
void lists_build_begins(struct monitor *m);
void lists_build_ended(struct monitor *m, uint64_t generation, bool ok);
/* lists_answer - the rules are in force everywhere: tell the waiters whose round is over */
void lists_answer(struct monitor *m);
/* lists_forget_waiters - the admin process that asked is gone */
void lists_forget_waiters(struct monitor *m);
/* lists_update - MSG_UPDATE of the admin process: @name (not terminated) is a list's name or URL, empty: all */
void lists_update(struct monitor *m, uint32_t seq, bool force, const char *name, size_t len);
/* lists_failing - how many are fetched, and of how many of them the last fetch failed */
unsigned lists_failing(const struct monitor *m, unsigned *failing);

#endif
