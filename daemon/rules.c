/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules - the rule image mapped, its offsets checked, and what it says about itself
 *
 * After rules_map() nothing of the own rules is checked again: rules_decide indexes freely.  What lists fill is the
 * business of match and names_table, which check an entry where they use it.
 */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "host.h"
#include "limits.h"
#include "list_due.h"
#include "rules_mapped.h"
#include "rules_sets.h"

/* --- checking ------------------------------------------------------------- */

static bool text_ok(const struct rules *r, struct image_text t)
{
	return t.at <= r->text.len && t.len <= r->text.len - t.at;
}

static bool range_ok(struct image_range range, size_t count)
{
	return range.count == 0 || (range.first <= count && range.count <= count - range.first);
}

static bool prefix_ok(const struct prefix *p, bool of_clients)
{
	if (p->net.family == FAMILY_HW)
		return of_clients && p->bits == 48;
	return (p->net.family == AF_INET || p->net.family == AF_INET6) && p->bits <= addr_len(&p->net) * 8;
}

static bool rule_ok(const struct rules *r, const struct image_rule *rule)
{
	if (rule->action < ACT_ALLOW || rule->action > ACT_LIMIT || rule->kind > KIND_EVERYTHING ||
	    rule->conditions & ~(unsigned)RULE_CONDITIONS)
		return false;
	/* rules_decide relies on it: allow is the only action on everything, limit is for cookies */
	if ((rule->kind == KIND_EVERYTHING && rule->action != ACT_ALLOW) ||
	    (rule->action == ACT_LIMIT && rule->kind != KIND_COOKIES))
		return false;
	return text_ok(r, rule->text) && range_ok(rule->url, r->pattern_count) &&
	       range_ok(rule->name, r->pattern_count) && range_ok(rule->size, r->size_count) &&
	       range_ok(rule->address, r->prefix_count) && range_ok(rule->group, r->prefix_count) &&
	       range_ok(rule->between, r->span_count);
}

/* returns NULL, or which section is broken */
static const char *check_records(const struct rules *r)
{
	bool empty_slot = r->host_count == 0;

	if (!gateway_valid(r->gateway))
		return "gateway";
	if (r->rule_count > LIMIT_RULES)
		return "rules";
	for (size_t i = 0; i < r->rule_count; i++)
		if (!rule_ok(r, &r->rule[i]))
			return "rules";
	if (r->host_count & (r->host_count - 1))
		return "hosts";
	for (size_t i = 0; i < r->host_count; i++) {
		if (!text_ok(r, r->host[i].name) || !range_ok(r->host[i].postings, r->posting_count))
			return "hosts";
		empty_slot |= r->host[i].postings.count == 0;
	}
	if (!empty_slot)
		return "hosts";
	for (size_t i = 0; i < r->posting_count; i++)
		if (r->posting[i] >> 1 >= r->rule_count)
			return "postings";
	for (size_t i = 0; i < r->pattern_count; i++)
		if (r->pattern[i].regex > 1 || !text_ok(r, r->pattern[i].text))
			return "patterns";
	for (size_t i = 0; i < r->prefix_count; i++)
		if (!prefix_ok(&r->prefix[i], true))
			return "prefixes";
	for (size_t i = 0; i < r->span_count; i++)
		if (!schedule_valid(&r->span[i]))
			return "spans";
	for (size_t i = 0; i < r->ahead_count; i++)
		if (!text_ok(r, r->ahead[i]) || r->ahead[i].len > HOST_MAX)
			return "ahead";
	for (size_t i = 0; i < r->net_count; i++)
		if (!prefix_ok(&r->net[i], false))
			return "nets";
	if (r->list_count > LIMIT_LISTS)
		return "lists";
	for (size_t i = 0; i < r->list_count; i++)
		if (!text_ok(r, r->list[i].file) || !text_ok(r, r->list[i].url) || !text_ok(r, r->list[i].name) ||
		    (r->list[i].every_s && (r->list[i].every_s < LIST_EVERY_MIN || r->list[i].every_s > LIST_EVERY_MAX)))
			return "lists";
	for (unsigned i = 0; i < r->sets; i++)
		if (r->set[i].image->flags & ~(unsigned)SET_FLAGS || !range_ok(r->set[i].image->group, r->prefix_count))
			return "sets";
	return NULL;
}

#define FIND(type, member, count) \
	image_find(&r->image, (type), 0, sizeof(*r->member), (const void **)&r->member, &r->count)

static const char *find_sections(struct rules *r)
{
	size_t gateways, len;
	const void *p;

	if (!image_find(&r->image, SECTION_GATEWAY, 0, sizeof(*r->gateway), (const void **)&r->gateway, &gateways) ||
	    gateways != 1)
		return "gateway";
	image_find(&r->image, SECTION_TEXT, 0, 1, &p, &len);
	r->text = (struct span){ p ? p : "", len };
	image_find(&r->image, SECTION_PATH, 0, 1, &p, &len);
	r->path = (struct span){ p ? p : "", len };
	if (!FIND(SECTION_RULES, rule, rule_count) || !FIND(SECTION_HOSTS, host, host_count) ||
	    !FIND(SECTION_POSTINGS, posting, posting_count) || !FIND(SECTION_PATTERNS, pattern, pattern_count) ||
	    !FIND(SECTION_SIZES, size, size_count) || !FIND(SECTION_PREFIXES, prefix, prefix_count) ||
	    !FIND(SECTION_SPANS, span, span_count) || !FIND(SECTION_AHEAD, ahead, ahead_count) ||
	    !FIND(SECTION_NETS, net, net_count) || !FIND(SECTION_LISTS, list, list_count))
		return "rules";
	return NULL;
}

/* --- what is made at mapping ---------------------------------------------- */

static bool compile_patterns(struct rules *r, char *why, size_t why_len)
{
	char reason[160];

	r->scratch = regex_scratch_new();
	r->regex = calloc(r->pattern_count + 1, sizeof(*r->regex));
	if (!r->scratch || !r->regex) {
		snprintf(why, why_len, "out of memory");
		return false;
	}
	for (size_t i = 0; i < r->rule_count; i++) {
		const struct image_range *range[] = { &r->rule[i].url, &r->rule[i].name };

		/* a URL is compared without case, the name of a cookie with it */
		for (unsigned k = 0; k < 2; k++)
			for (uint32_t j = 0; j < range[k]->count; j++) {
				uint32_t at = range[k]->first + j;

				if (!r->pattern[at].regex || r->regex[at])
					continue;
				r->regex[at] = regex_new(rules_text(r, r->pattern[at].text), k == 0, reason,
							 sizeof(reason), NULL);
				if (!r->regex[at]) {
					snprintf(why, why_len, "regular expression of rule %zu: %s", i + 1, reason);
					return false;
				}
			}
	}
	return true;
}

static void index_rules(struct rules *r)
{
	r->words = (unsigned)(r->rule_count + 63) / 64;
	for (size_t i = 0; i < r->rule_count; i++) {
		const struct image_rule *rule = &r->rule[i];
		uint64_t bit = (uint64_t)1 << i % 64;

		for (int k = 0; k < RULES_KINDS; k++)
			if (rule->kind == k || rule->kind == KIND_EVERYTHING)
				r->of_kind[k][i / 64] |= bit;
		if (!(rule->conditions & RULE_HOST))
			r->any_host[i / 64] |= bit;
		if (rule->action == ACT_BLOCK && rule->kind == KIND_CONNECTIONS)
			r->blocks_connections = true;
	}
	r->blocks_connections |= rules_sets_block_hosts(r);
	for (size_t i = 0; i < r->prefix_count; i++)
		r->hardware |= r->prefix[i].net.family == FAMILY_HW;
}

static void rules_free(struct rules *r)
{
	for (size_t i = 0; r->regex && i < r->pattern_count; i++)
		regex_free(r->regex[i]);
	free(r->regex);
	free(r->domain);
	regex_scratch_free(r->scratch);
	if (r->kept)
		r->kept_undo(r->kept);
	rules_sets_close(r);
	image_unmap(&r->image);
	free(r);
}

struct rules *rules_map(int fd, char *why, size_t why_len)
{
	struct rules *r = calloc(1, sizeof(*r));
	const char *wrong;

	if (!r) {
		snprintf(why, why_len, "out of memory");
		return NULL;
	}
	wrong = image_map(fd, &r->image);
	if (wrong) {
		snprintf(why, why_len, "%s", wrong);
		goto fail;
	}
	r->psl = psl_builtin();
	r->domain = calloc(RULES_DOMAINS, sizeof(*r->domain));
	if (!r->domain) {
		snprintf(why, why_len, "out of memory");
		goto fail;
	}
	wrong = find_sections(r);
	if (!wrong)
		wrong = rules_sets_open(r);
	if (!wrong)
		wrong = check_records(r);
	if (wrong) {
		snprintf(why, why_len, "rule image: section \"%s\" is broken", wrong);
		goto fail;
	}
	if (!compile_patterns(r, why, why_len))
		goto fail;
	index_rules(r);
	r->refs = 1;
	return r;
fail:
	rules_free(r);
	return NULL;
}

void rules_keep(struct rules *r, void *p, void (*undo)(void *p))
{
	r->kept = p;
	r->kept_undo = undo;
}

void *rules_kept(const struct rules *r)
{
	return r->kept;
}

struct rules *rules_get(struct rules *r)
{
	r->refs++;
	return r;
}

void rules_put(struct rules *r)
{
	if (r && --r->refs == 0)
		rules_free(r);
}

/* --- what it says about itself -------------------------------------------- */

const struct gateway *rules_gateway(const struct rules *r)
{
	return r->gateway;
}

uint64_t rules_generation(const struct rules *r)
{
	return r->image.header->generation;
}

void rules_summary(const struct rules *r, struct rules_summary *out)
{
	*out = (struct rules_summary){ .rules = (uint32_t)r->rule_count, .image_bytes = r->image.bytes };
	for (size_t i = 0; i < r->list_count; i++)
		out->lists += r->list[i].in_force == 1;
	rules_sets_count(r, &out->names, &out->filters);
}

bool rules_origin(const struct rules *r, uint32_t origin, struct rules_origin *out, char *text, size_t text_len)
{
	if (origin == 0)
		return false;
	if (origin <= r->rule_count) {
		const struct image_rule *rule = &r->rule[origin - 1];

		*out = (struct rules_origin){ .file = r->path, .line = rule->line, .own = true,
					      .text = rules_text(r, rule->text) };
		return true;
	}
	return rules_sets_origin(r, origin, out, text, text_len);
}

struct span rules_origin_text(const struct rules *r, const struct verdict *v, char *text, size_t text_len)
{
	struct rules_origin o;
	int n;

	if (!rules_origin(r, v->origin, &o, text, text_len))
		return (struct span){ "", 0 };
	if (o.text.len || o.own)
		return o.text;
	if (!o.filter)
		return v->name;
	n = snprintf(text, text_len, "||%.*s^", SPAN_FMT(v->name));
	return (struct span){ text, n < 0 || text_len == 0 ? 0 : (size_t)n < text_len ? (size_t)n : text_len - 1 };
}

bool rules_subscription(const struct rules *r, uint32_t *at, struct rules_subscription *out)
{
	for (; *at < r->list_count; ++*at) {
		const struct image_list *l = &r->list[*at];

		if (!l->every_s)
			continue;
		*out = (struct rules_subscription){ .url = rules_text(r, l->url), .name = rules_text(r, l->name),
						    .every_s = l->every_s, .checksum = l->checksum == 1 };
		++*at;
		return true;
	}
	return false;
}

uint32_t rules_host_count(const struct rules *r)
{
	return (uint32_t)r->ahead_count;
}

struct span rules_host(const struct rules *r, uint32_t i)
{
	return rules_text(r, r->ahead[i]);
}

uint32_t rules_net_count(const struct rules *r)
{
	return (uint32_t)r->net_count;
}

struct prefix rules_net(const struct rules *r, uint32_t i)
{
	return r->net[i];
}

bool rules_hardware(const struct rules *r)
{
	return r->hardware;
}

bool rules_blocks_connections(const struct rules *r)
{
	return r->blocks_connections;
}

uint16_t rules_minute(time_t t)
{
	return schedule_minute(t);
}

time_t rules_next_boundary(const struct rules *r, time_t t)
{
	return schedule_next(r->span, r->span_count, t);
}

/* how long the registrable domain at the end of @host is; all of it where there is none */
static size_t registrable_len(const struct rules *r, struct span host)
{
	char text[HOST_MAX + 1];
	const char *domain;

	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	domain = r->psl ? psl_registrable_domain(r->psl, text) : NULL;
	return domain ? strlen(domain) : host.len;
}

/* the list takes a microsecond, and the hosts of a page come again and again */
static struct span registrable(const struct rules *r, struct span host)
{
	struct rules_domain *d;
	uint64_t fp;

	if (host.len > HOST_MAX || host_is_address(host))
		return host;
	fp = XXH3_64bits_withSeed(host.p, host.len, r->image.header->seed) | (uint64_t)1 << 63;	/* 0: nothing is remembered */
	d = &r->domain[fp & (RULES_DOMAINS - 1)];
	if (d->fp != fp)
		*d = (struct rules_domain){ fp, registrable_len(r, host) };
	return span_skip(host, host.len - d->len);
}

/* how many labels two hosts, which differ, have in common at their ends: 0, 1, or 2 for two and more */
static unsigned common_labels(struct span a, struct span b)
{
	struct span shorter = a.len < b.len ? a : b, longer = a.len < b.len ? b : a;
	unsigned labels = 0;
	size_t n = 0;

	for (; n < shorter.len && a.p[a.len - 1 - n] == b.p[b.len - 1 - n]; n++)
		if (a.p[a.len - 1 - n] == '.' && ++labels == 2)
			return 2;
	return labels + (n == shorter.len && n < longer.len && longer.p[longer.len - 1 - n] == '.');
}

bool rules_third_party(const struct rules *r, struct span host, struct span source_host)
{
	if (host.len == 0 || source_host.len == 0 || span_eq(host, source_host))
		return false;
	/* a registrable domain has two labels at least, but that of a host of one label: no need to look for it */
	if (common_labels(host, source_host) < 2)
		return true;
	return !span_eq(registrable(r, host), registrable(r, source_host));
}
