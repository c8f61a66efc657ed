/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_domain - the lists of hosts in options, and the number by which filters that say the same are known */
#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

#include "filter_parts.h"

static bool next_entry(struct span *rest, struct span *entry)
{
	if (!rest->p)
		return false;
	*entry = span_until(*rest, '|');
	if (entry->len == rest->len)
		*rest = (struct span){ NULL, 0 };
	else
		*rest = span_skip(*rest, entry->len + 1);
	return true;
}

/* takes "~" and ".*" off @entry */
static bool read_entry(struct span entry, struct filter_domain *d, char text[HOST_MAX + 1])
{
	d->negated = entry.len && entry.p[0] == '~';
	if (d->negated)
		entry = span_skip(entry, 1);
	d->any_tld = entry.len > 2 && entry.p[entry.len - 1] == '*' && entry.p[entry.len - 2] == '.';
	if (d->any_tld)
		entry.len -= 2;
	d->name = (struct span){ text, host_normalise(entry, text) };
	return d->name.len != 0;
}

enum filter_reason filter_domains_check(struct span list, bool negatable, bool any_tld)
{
	struct filter_domain d;
	char text[HOST_MAX + 1];
	struct span entry;

	while (next_entry(&list, &entry)) {
		if (read_entry(entry, &d, text)) {
			if ((d.negated && !negatable) || (d.any_tld && !any_tld))
				return FILTER_REASON_OPTION_VALUE;
			continue;
		}
		/* regular expressions, "host/path", "*.host", "host>>" */
		if (entry.len && (memchr(entry.p, '/', entry.len) || memchr(entry.p, '*', entry.len) ||
				  memchr(entry.p, '>', entry.len) || memchr(entry.p, '\\', entry.len)))
			return FILTER_REASON_DOMAIN_FORM;
		return FILTER_REASON_HOST;
	}
	return FILTER_REASON_BLOCK;
}

bool filter_domain_next(struct filter_domains *it, struct filter_domain *out)
{
	struct span entry;

	if (it->rest.len == 0)
		return false;
	while (next_entry(&it->rest, &entry))
		if (read_entry(entry, out, it->text))
			return true;
	return false;
}

/* the same for the same set, whatever its order */
static uint64_t domains_number(struct span list)
{
	struct filter_domains it = { .rest = list };
	struct filter_domain d;
	uint64_t sum = 0;

	while (filter_domain_next(&it, &d))
		sum += XXH3_64bits_withSeed(d.name.p, d.name.len, 1 + d.negated + 2 * (uint64_t)d.any_tld);
	return sum;
}

static uint64_t text_number(struct span s, bool nocase)
{
	XXH3_state_t state;
	char part[256];

	if (!nocase)
		return XXH3_64bits(s.p, s.len);
	XXH3_64bits_reset(&state);
	for (size_t at = 0; at < s.len;) {
		size_t n = 0;

		while (n < sizeof(part) && at < s.len)
			part[n++] = char_lower(s.p[at++]);
		XXH3_64bits_update(&state, part, n);
	}
	return XXH3_64bits_digest(&state);
}

uint64_t filter_twin(const struct filter *f, bool from)
{
	uint64_t says[] = {
		f->exception, f->action, text_number(f->pattern, !f->regex && !f->match_case), f->anchors, f->host_only,
		f->regex, f->match_case, f->types, f->types_named, f->party, f->methods, f->important,
		from ? domains_number(f->from) : 0, domains_number(f->to), domains_number(f->denyallow),
		text_number(f->resource_name, false), (uint64_t)(int64_t)f->redirect_priority, text_number(f->name, false),
		f->name_regex, f->name_nocase, f->name_negated, (uint64_t)f->max_age, text_number(f->same_site, true),
	};

	return XXH3_64bits(says, sizeof(says));
}
