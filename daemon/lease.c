/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lease - the one place that says whether dejunk may filter now */
#include "lease.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHORT_PERCENT = 90, WELL_PERCENT = 70 };

static enum lease lease_because(enum lease l, char *why, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static enum lease lease_because(enum lease l, char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, LEASE_WHY, fmt, ap);
	va_end(ap);
	return l;
}

enum lease lease_decide(const struct lease_facts *f, char why[LEASE_WHY])
{
	const char *failure = f->failure ? f->failure : "see the log";

	why[0] = '\0';
	if (f->stopping)
		return lease_because(LEASE_STOPPING, why, "dejunk is stopping");
	if (!f->rules)
		return lease_because(LEASE_NO_RULES, why, "the rules are not built yet");
	if (!f->table)
		return lease_because(LEASE_NO_TABLE, why, "the firewall table is missing: %s", failure);
	if (!f->queue_rules)
		return lease_because(LEASE_NO_QUEUE_RULES, why, "the queue rules are missing: %s", failure);
	if (f->down)
		return lease_because(LEASE_CHILD_DOWN, why, "%s is not ready", f->down);
	if (f->silent)
		return lease_because(LEASE_CHILD_SILENT, why, "%s does not answer", f->silent);
	if (!f->interfaces && !f->filter_self)
		return lease_because(LEASE_NO_CLIENTS, why, "no lan interface is up and filter_self is off");
	if (f->input_drop)
		return lease_because(LEASE_INPUT_DROP, why, "redirected connections would be dropped: %s",
				     f->input ? f->input : "by the INPUT policy");
	if (f->not_arriving)
		return lease_because(LEASE_NOT_ARRIVING, why, "redirected connections do not arrive: %s",
				     f->input ? f->input : "something drops them before the proxy");
	if (f->overload)
		return lease_because(LEASE_OVERLOAD, why, "%s is short of descriptors, connections or buffers",
				     f->overloaded ? f->overloaded : "a proxy");
	return LEASE_ARMED;
}

const char *lease_name(enum lease l)
{
	static const char *const name[] = {
		[LEASE_ARMED] = "armed", [LEASE_STOPPING] = "stopping", [LEASE_NO_RULES] = "no_rules",
		[LEASE_NO_TABLE] = "no_table", [LEASE_NO_QUEUE_RULES] = "no_queue_rules",
		[LEASE_CHILD_DOWN] = "child_down", [LEASE_CHILD_SILENT] = "child_silent",
		[LEASE_NO_CLIENTS] = "no_clients", [LEASE_INPUT_DROP] = "input_drop",
		[LEASE_NOT_ARRIVING] = "not_arriving", [LEASE_OVERLOAD] = "overload",
	};

	return name[l];
}

bool lease_overload(bool was, uint32_t used, uint32_t max)
{
	uint64_t percent = (uint64_t)used * 100;

	if (!max)
		return false;
	return was ? percent > (uint64_t)max * WELL_PERCENT : percent >= (uint64_t)max * SHORT_PERCENT;
}

void arrival_reset(struct arrival *a, uint64_t redirected, uint64_t accepted)
{
	*a = (struct arrival){ .redirected = redirected, .accepted = accepted };
}

bool arrival_missing(struct arrival *a, uint64_t redirected, uint64_t accepted, uint64_t now_ms)
{
	bool gap = now_ms - a->looked_ms > ARRIVAL_GAP_MS;

	a->looked_ms = now_ms;
	/* a counter that went back belongs to a table that was loaded again */
	if (accepted != a->accepted || redirected < a->redirected) {
		arrival_reset(a, redirected, accepted);
		return false;
	}
	if (redirected - a->redirected < ARRIVAL_MIN)
		return false;
	if (!a->since_ms || gap)
		a->since_ms = now_ms;
	return now_ms - a->since_ms >= ARRIVAL_MS;
}
