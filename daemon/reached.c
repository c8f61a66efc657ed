/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reached - one place that counts limits and writes the line */
#include "reached.h"

#include "counters.h"
#include "log.h"

enum { REACHED_QUIET_MS = 3600000 };	/* between lines about the same limit */

static const struct row {
	const char *name;
	unsigned value;
	const char *unit, *text;
} rows[] = {
#define LIMIT(name, value, unit, text) { #name, value, unit, text },
#include LIMITS_TABLE
#undef LIMIT
};

void reached_quietly(enum limit_id id)
{
	counters->reached[id]++;
}

void reached(enum limit_id id, const struct addr *whose)
{
	static unsigned long long told[LIMIT_IDS];
	const struct row *r = &rows[id];
	char text[ADDR_TEXT];

	reached_quietly(id);
	if (log_once(&told[id], REACHED_QUIET_MS))
		log_warn("limit %s of %u %s reached%s%s: %s", r->name, r->value, r->unit, whose ? " by " : "",
			 whose ? addr_format(whose, text) : "", r->text);
}

const char *limit_name(enum limit_id id)
{
	return rows[id].name;
}

const char *limit_text(enum limit_id id)
{
	return rows[id].text;
}

unsigned limit_value(enum limit_id id)
{
	return rows[id].value;
}

const char *limit_unit(enum limit_id id)
{
	return rows[id].unit;
}
