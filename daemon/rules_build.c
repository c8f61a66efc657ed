/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_build - the sections of the rule image, grown record by record */
#include "rules_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "rules_build_sets.h"

struct host_pair {
	struct image_text name;
	uint32_t posting;
};

void rules_build_init(struct rules_build *b)
{
	memset(b, 0, sizeof(*b));
	gateway_default(&b->gateway);
	if (getrandom(&b->seed, sizeof(b->seed), 0) != (ssize_t)sizeof(b->seed))
		b->failed = true;
}

void rules_build_fini(struct rules_build *b)
{
	struct image_buf *all[] = { &b->text, &b->rules, &b->patterns, &b->sizes, &b->prefixes, &b->spans,
				    &b->ahead, &b->nets, &b->lists, &b->host_pairs };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		image_buf_fini(all[i]);
	rules_build_sets_fini(b);
}

static struct image_text put_text(struct rules_build *b, struct span s)
{
	size_t at = image_put(&b->text, s.p, s.len);

	if (at > UINT32_MAX - s.len) {
		b->failed = true;
		return (struct image_text){ 0, 0 };
	}
	return (struct image_text){ (uint32_t)at, (uint32_t)s.len };
}

/* append a record and make it part of the rule's range */
static void put_in_range(struct rules_build *b, struct image_buf *buf, struct image_range *range,
			 const void *record, size_t size)
{
	size_t at = image_put(buf, record, size);

	if (at == (size_t)-1) {
		b->failed = true;
		return;
	}
	if (range->count == 0)
		range->first = (uint32_t)(at / size);
	range->count++;
}

void rules_build_rule_begin(struct rules_build *b, uint32_t line)
{
	b->rule = (struct image_rule){ .line = line };
}

static uint32_t rule_index(const struct rules_build *b)
{
	return (uint32_t)(b->rules.len / sizeof(struct image_rule));
}

void rules_build_host(struct rules_build *b, struct span name, bool exact)
{
	struct host_pair pair = { put_text(b, name), rule_index(b) << 1 | exact };

	if (image_put(&b->host_pairs, &pair, sizeof(pair)) == (size_t)-1)
		b->failed = true;
	b->rule.conditions |= RULE_HOST;
}

static void put_pattern(struct rules_build *b, struct image_range *range, struct span pattern, bool regex, bool lower)
{
	struct image_pattern p = { .regex = regex, .text = put_text(b, pattern) };

	if (!b->failed && lower)
		for (uint32_t i = 0; i < p.text.len; i++) {
			char *c = (char *)&b->text.p[p.text.at + i];

			*c = char_lower(*c);
		}
	put_in_range(b, &b->patterns, range, &p, sizeof(p));
}

void rules_build_url(struct rules_build *b, struct span pattern, bool regex)
{
	put_pattern(b, &b->rule.url, pattern, regex, !regex);
	b->rule.conditions |= RULE_URL;
}

void rules_build_name(struct rules_build *b, struct span pattern, bool regex)
{
	put_pattern(b, &b->rule.name, pattern, regex, false);
	b->rule.conditions |= RULE_NAME;
}

void rules_build_size(struct rules_build *b, uint32_t width, uint32_t height)
{
	struct image_size_pair s = { width, height };

	put_in_range(b, &b->sizes, &b->rule.size, &s, sizeof(s));
	b->rule.conditions |= RULE_SIZE;
}

void rules_build_address(struct rules_build *b, const struct prefix *p)
{
	put_in_range(b, &b->prefixes, &b->rule.address, p, sizeof(*p));
	b->rule.conditions |= RULE_ADDRESS;
}

void rules_build_group(struct rules_build *b, const struct prefix *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_in_range(b, &b->prefixes, &b->rule.group, &p[i], sizeof(p[i]));
	b->rule.conditions |= RULE_GROUP;
}

void rules_build_between(struct rules_build *b, const struct schedule_span *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		put_in_range(b, &b->spans, &b->rule.between, &s[i], sizeof(s[i]));
	b->rule.conditions |= RULE_BETWEEN;
}

void rules_build_rule_end(struct rules_build *b, enum rules_action action, enum rules_kind kind, struct span text)
{
	const struct host_pair *pairs = (const void *)b->host_pairs.p;
	const struct prefix *prefixes = (const void *)b->prefixes.p;
	size_t n = b->host_pairs.len / sizeof(*pairs);
	uint32_t index = rule_index(b);

	b->rule.action = (uint8_t)action;
	b->rule.kind = (uint8_t)kind;
	b->rule.text = put_text(b, text);
	if (action == ACT_BLOCK && kind == KIND_CONNECTIONS && !b->failed) {
		if (b->rule.conditions & RULE_HOST)
			for (size_t i = n; i && pairs[i - 1].posting >> 1 == index; i--)
				image_put(&b->ahead, &pairs[i - 1].name, sizeof(pairs->name));
		for (uint32_t i = 0; i < b->rule.address.count; i++)
			image_put(&b->nets, &prefixes[b->rule.address.first + i], sizeof(*prefixes));
	}
	if (image_put(&b->rules, &b->rule, sizeof(b->rule)) == (size_t)-1)
		b->failed = true;
}

void rules_build_list(struct rules_build *b, struct span file, bool in_force, unsigned set)
{
	struct image_list l = { .file = put_text(b, file), .in_force = in_force, .set = set };

	if (image_put(&b->lists, &l, sizeof(l)) == (size_t)-1)
		b->failed = true;
}

void rules_build_list_url(struct rules_build *b, struct span url, struct span name, uint32_t every_s, bool checksum)
{
	struct image_text from = put_text(b, url), text = put_text(b, name);
	struct image_list *l = (void *)(b->lists.p + b->lists.len);

	if (b->failed || b->lists.len < sizeof(*l))
		return;
	l[-1].url = from;
	l[-1].name = text;
	l[-1].every_s = every_s;
	l[-1].checksum = checksum;
}

/* the hash of host conditions: names once, each with its postings in rule order */
static bool hash_hosts(struct rules_build *b, struct image_host **slots, size_t *slot_count, uint32_t **postings)
{
	const struct host_pair *pair = (const void *)b->host_pairs.p;
	size_t n = b->host_pairs.len / sizeof(*pair), room = 1, at = 0;
	uint32_t *slot_of = malloc(n * sizeof(*slot_of) + 1);
	const char *text = (const char *)b->text.p;

	while (n && room < n * 2)
		room *= 2;
	*slot_count = n ? room : 0;
	*slots = calloc(room, sizeof(**slots));
	*postings = malloc(n * sizeof(**postings) + 1);
	if (!*slots || !*postings || !slot_of) {
		free(slot_of);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct span name = { text + pair[i].name.at, pair[i].name.len };
		size_t s = RULES_HOST_HASH(name.p, name.len, b->seed) & (room - 1);

		while ((*slots)[s].postings.count &&
		       !span_eq(name, (struct span){ text + (*slots)[s].name.at, (*slots)[s].name.len }))
			s = (s + 1) & (room - 1);
		(*slots)[s].name = pair[i].name;
		(*slots)[s].postings.count++;
		slot_of[i] = (uint32_t)s;
	}
	for (size_t s = 0; s < *slot_count; s++) {	/* counts become places, and are counted anew */
		(*slots)[s].postings.first = (uint32_t)at;
		at += (*slots)[s].postings.count;
		(*slots)[s].postings.count = 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct image_range *r = &(*slots)[slot_of[i]].postings;

		(*postings)[r->first + r->count++] = pair[i].posting;
	}
	free(slot_of);
	return true;
}

int rules_build_write(struct rules_build *b, const char *path, uint64_t generation, uint32_t dropped[256])
{
	static struct image_part part[IMAGE_SECTIONS + MATCH_PARTS];	/* one thread, one build at a time */
	struct image_host *hosts = NULL;
	uint32_t *postings = NULL;
	size_t slots = 0, parts = 0;
	int fd = -ENOMEM;

	memset(dropped, 0, 256 * sizeof(dropped[0]));
	if (!b->failed && !b->ahead.failed && !b->nets.failed && !b->prefixes.failed &&
	    hash_hosts(b, &hosts, &slots, &postings)) {
		size_t pairs = b->host_pairs.len / sizeof(struct host_pair);
		const struct image_part own[] = {
			{ SECTION_GATEWAY, 0, &b->gateway, sizeof(b->gateway) },
			{ SECTION_TEXT, 0, b->text.p, b->text.len },
			{ SECTION_RULES, 0, b->rules.p, b->rules.len },
			{ SECTION_HOSTS, 0, hosts, slots * sizeof(*hosts) },
			{ SECTION_POSTINGS, 0, postings, pairs * sizeof(*postings) },
			{ SECTION_PATTERNS, 0, b->patterns.p, b->patterns.len },
			{ SECTION_SIZES, 0, b->sizes.p, b->sizes.len },
			{ SECTION_PREFIXES, 0, b->prefixes.p, b->prefixes.len },
			{ SECTION_SPANS, 0, b->spans.p, b->spans.len },
			{ SECTION_AHEAD, 0, b->ahead.p, b->ahead.len },
			{ SECTION_NETS, 0, b->nets.p, b->nets.len },
			{ SECTION_LISTS, 0, b->lists.p, b->lists.len },
			{ SECTION_PATH, 0, path, strlen(path) },
		};

		memcpy(part, own, sizeof(own));
		parts = rules_build_sets_parts(b, part, sizeof(own) / sizeof(own[0]), dropped);
		if (parts)
			fd = image_write(part, parts, generation, b->seed);
	}
	free(hosts);
	free(postings);
	return fd;
}
