/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flowlog - a line of the log about what a rule did to a message */
#include "flowlog.h"

#include "log.h"

void flowlog_rule(const struct conn *c, const char *did, struct span what, struct span url, uint32_t origin)
{
	struct rules_origin o;
	char text[256];

	if (log_level() < LOG_LEVEL_DEBUG)
		return;
	if (!rules_origin(c->rules, origin, &o, text, sizeof(text)))
		o = (struct rules_origin){ .file = SPAN_LIT("?") };
	log_debug("#%u %s %.*s%s%.*s by %.*s:%u", c->id, did, SPAN_FMT(what), what.len ? " of " : "", SPAN_FMT(url),
		  SPAN_FMT(o.file), o.line);
}
