/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lease - may the firewall be armed now, and if not, why not
 *
 * Pure: facts in, an answer and its text out.  The monitor renews the kernel's lease while the
 * answer is LEASE_ARMED and withdraws it at once when it is anything else (DESIGN section 4).
 */
#ifndef DEJUNK_LEASE_H
#define DEJUNK_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEASE_WHY = 1024 };	/* bytes of a reason text, NUL included */

/* in the order in which they are looked at: the first that holds is the reason */
enum lease {
	LEASE_ARMED,
	LEASE_STOPPING,		/* dejunk is ending */
	LEASE_NO_RULES,		/* no rule image yet */
	LEASE_NO_TABLE,		/* the table is not there and could not be loaded */
	LEASE_NO_QUEUE_RULES,	/* the queue rules could not be added */
	LEASE_CHILD_DOWN,	/* a child is dead, or started and not ready yet */
	LEASE_CHILD_SILENT,	/* a child does not answer its heartbeat */
	LEASE_NO_CLIENTS,	/* no interface to filter, and filter_self is off */
	LEASE_INPUT_DROP,	/* the INPUT policy drops what would be redirected */
	LEASE_NOT_ARRIVING,	/* redirected connections do not arrive at the proxy */
	LEASE_OVERLOAD,		/* a proxy is short of descriptors, connections or buffers */
};

struct lease_facts {
	bool stopping;
	bool rules;		/* an image is in force */
	bool table;
	bool queue_rules;
	unsigned interfaces;	/* in the kernel's lan set */
	bool filter_self;	/* the rules are on for the machine's own traffic */
	bool input_drop;
	bool not_arriving;
	bool overload;
	const char *down;	/* name of a child that is not ready ("proxy 1"), or NULL */
	const char *silent;	/* name of a child that does not answer, or NULL */
	const char *failure;	/* what the kernel said about table or queue rules, or NULL */
	const char *input;	/* the chain that drops and the command that opens it, or NULL */
	const char *overloaded;	/* name of the proxy that is short, or NULL */
};

/* lease_decide - the answer, and in @why one line for people ("" when armed) */
enum lease lease_decide(const struct lease_facts *f, char why[LEASE_WHY]);
/* lease_name - a word for JSON: "child_down" */
const char *lease_name(enum lease l);

/* lease_overload - is a resource short?  From 90 % of @max on; once short, until 70 %.  @max 0: never */
bool lease_overload(bool was, uint32_t used, uint32_t max);

/* Are redirected connections arriving?  Compares what the kernel redirected with what the proxies accepted. */
struct arrival {
	uint64_t redirected;	/* when accepted last moved */
	uint64_t accepted;
	uint64_t since_ms;	/* redirected moved and accepted did not since then; 0: all is well */
	uint64_t looked_ms;	/* when it was compared last */
};
enum {
	ARRIVAL_MS = 2000,	/* without one arrival */
	ARRIVAL_MIN = 2,	/* redirected connections at least: one alone may be a client that gave up */
	ARRIVAL_GAP_MS = 1500,	/* not looked at for longer: what was accepted meanwhile may not be told yet */
};
/* arrival_reset - begin to compare from these values */
void arrival_reset(struct arrival *a, uint64_t redirected, uint64_t accepted);
/* arrival_missing - true: for ARRIVAL_MS connections were redirected and none accepted.  To be called each second;
 * who was stopped or late himself (ARRIVAL_GAP_MS) has proven nothing, and the time begins again */
bool arrival_missing(struct arrival *a, uint64_t redirected, uint64_t accepted, uint64_t now_ms);

#endif
