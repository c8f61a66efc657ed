/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_layers - on which layers does a rule act?  For explain: slow, and exact */
#include <stdio.h>

#include "host.h"
#include "rules_sets.h"

static const char by_address[] = "connections to an address are refused by rules with address: only";

/* of an own rule */
static const char *own_reason(const struct image_rule *rule, struct span host)
{
	if (rule->conditions & RULE_HOST && host_is_address(host))
		return by_address;
	if (rule->kind != KIND_CONNECTIONS)
		return rule->kind == KIND_IMAGES ? "it is about images" : "it is about requests";
	return NULL;
}

/* of a filter that is more, or less, than a host */
static const char *filter_reason(struct span text)
{
	static struct filter f;		/* one thread, never re-entered; large */

	filter_parse(text, &f);
	if (!f.host_only)
		return f.regex ? "it is a regular expression over the URL" : "it names a part of the URL, not a whole host";
	if (f.party)
		return f.party & (FILTER_THIRD_PARTY | FILTER_STRICT_THIRD) ? "third-party: which page asks is not known there" :
									      "first-party: which page asks is not known there";
	if (f.from.len)
		return "domain: which page asks is not known there";
	if (f.types_named)
		return "it names types of requests, which are not known there";
	if (f.methods != FILTER_METHODS_ALL)
		return "method: there is no method there";
	if (f.to.len || f.denyallow.len)
		return "it leaves out some hosts (to, denyallow)";
	if (f.action == FILTER_REDIRECT)
		return "redirect: it names an answer";
	return "important: it is told from exceptions by the whole request";
}

const char *rules_only_requests(const struct rules *r, const struct station *client, struct span host, const struct verdict *v,
				char *text, size_t text_len)
{
	struct rules_origin o;
	struct verdict at_host;

	if (v->origin && v->origin <= r->rule_count)
		return own_reason(&r->rule[v->origin - 1], host);
	if (!rules_sets_origin(r, v->origin, &o, text, text_len))
		return NULL;
	if (o.observe)
		return "a list of mode observe refuses nothing";
	if (o.filter && o.text.len)
		return filter_reason(o.text);
	if (host_is_address(host))
		return by_address;
	at_host = rules_listed_host(r, client, host);
	if (at_host.action != ACT_ALLOW || !rules_sets_origin(r, at_host.origin, &o, text, text_len))
		return NULL;
	if (o.text.len)		/* it lies in the image, not in @text */
		snprintf(text, text_len, "%.*s:%u lifts it for some requests: %.*s", SPAN_FMT(o.file), o.line, SPAN_FMT(o.text));
	else
		snprintf(text, text_len, "%.*s:%u lifts it", SPAN_FMT(o.file), o.line);
	return text;
}
