/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor - what on this machine would get in the way of dejunk, or is told apart because it might be thought to
 *
 * Looks and changes nothing.  The text of each finding is a row of tbl/finding.h; what is added here is where it was
 * found.  "dejunk doctor" prints all, the monitor logs the gravest as it starts.
 */
#ifndef DEJUNK_DOCTOR_H
#define DEJUNK_DOCTOR_H

#include <stdbool.h>

#include "gateway.h"
#include "lan.h"
#include "rtnl.h"
#include "ruleset.h"

enum finding {
#define FINDING(name, grade, what, means, does, you) FINDING_##name,
#include "tbl/finding.h"
#undef FINDING
	FINDING_COUNT
};

/* GRAVE: something that ought to be filtered is not; MINOR: may hurt, or only some; NOTE: harmless, and said to be */
enum finding_grade { GRADE_GRAVE, GRADE_MINOR, GRADE_NOTE };

struct finding_text {
	const char *name;	/* "FLOW_OFFLOAD" */
	enum finding_grade grade;
	const char *what, *means, *does, *you;	/* sentences for people */
};
/* finding_text - the row of the table */
const struct finding_text *finding_text(enum finding f);

struct doctor {
	const struct gateway *gateway;
	const struct lan *lan;
	struct rtnl *rtnl;
	struct ruleset *ruleset;	/* NULL: it could not be read */
	bool running;			/* the daemon's own port and queues are in use by itself */
	bool starting;			/* it is the daemon that asks: ports and queues are its own affair, and not searched for in /proc */
	/* a finding, and where: one line, for the call only; "" where there is nothing to add */
	void (*on)(void *ctx, enum finding f, const char *where);
	void *ctx;
};

/* doctor_examine - tell all findings but those of doctor_try(), in the order in which they were looked for */
void doctor_examine(struct doctor *d);
/* doctor_try - the same for what only nft and the kernel can tell: a tenth of a second, a process each
 * @uid, @file: as for firewall_load() */
void doctor_try(struct doctor *d, uint32_t uid, const char *file);

/* --- for doctor_*.c --- */

/* doctor_tell - one finding */
void doctor_tell(struct doctor *d, enum finding f, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* doctor_tables - what the other firewall tables do (doctor_tables.c) */
void doctor_tables(struct doctor *d);

#endif
