/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load_rule - one entry of the rules section */
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "host.h"
#include "limits.h"
#include "regex.h"
#include "rules_loading.h"

#define SHOWN(n)	(int)((n)->value.len > 80 ? 80 : (n)->value.len), (n)->value.p

enum { RULE_TEXT = 400 };	/* bytes of a rule as explain shows it */

static const char *const kind_name[] = {
	[KIND_CONNECTIONS] = "connections", [KIND_REQUESTS] = "requests", [KIND_COOKIES] = "cookies",
	[KIND_IMAGES] = "images", [KIND_EVERYTHING] = "everything", NULL
};

/* --- what ------------------------------------------------------------------ */

static void what(struct load *l, const struct yaml_node *value, enum rules_action action)
{
	static const char *const blockable[] = { "connections", "requests", "cookies", "images", NULL };
	static const char *const limitable[] = { "cookies", NULL };
	int kind;

	if (l->rule.action != ACT_PASS) {
		load_error(l, value, "one rule cannot do two things; expected one of block, allow and limit");
		return;
	}
	l->rule.action = action;
	if (action == ACT_BLOCK && value->type == YAML_SCALAR && span_eq(value->value, SPAN_LIT("everything"))) {
		load_error(l, value, "only allow knows \"everything\"; expected connections, which covers requests too, "
			   "requests, cookies or images");
		return;
	}
	kind = load_word(l, value, action == ACT_ALLOW ? kind_name : action == ACT_BLOCK ? blockable : limitable);
	l->rule.kind_known = kind >= 0;
	l->rule.kind = action == ACT_LIMIT ? KIND_COOKIES : (enum rules_kind)(kind < 0 ? 0 : kind);
}

void load_rule_block(struct load *l, const struct yaml_node *value) { what(l, value, ACT_BLOCK); }
void load_rule_allow(struct load *l, const struct yaml_node *value) { what(l, value, ACT_ALLOW); }
void load_rule_limit(struct load *l, const struct yaml_node *value) { what(l, value, ACT_LIMIT); }

/* --- conditions ------------------------------------------------------------ */

static void add_host(struct load *l, const struct yaml_node *s)
{
	bool exact = s->value.p[0] == '=';
	struct span in = span_skip(s->value, exact);
	char name[HOST_MAX + 1];
	size_t len;

	if (in.len > 2 && in.p[0] == '*' && in.p[1] == '.') {
		load_error(l, s, "\"%.*s\": a name covers all below it; expected \"%.*s\"", SHOWN(s),
			   (int)(in.len > 80 ? 80 : in.len - 2), in.p + 2);
		return;
	}
	if (in.len > 1 && in.p[0] == '.')
		in = span_skip(in, 1);
	len = host_normalise(in, name);
	if (len)
		rules_build_host(&l->build, (struct span){ name, len }, exact);
	else
		load_error(l, s, "\"%.*s\" is no host name; expected one such as ads.example, without scheme, port or path",
			   SHOWN(s));
}

void load_rule_host(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "host names", false, add_host);
}

/* is it written as /.../?  Then @out is what stands between; false with an error reported too */
static bool take_regex(struct load *l, const struct yaml_node *s, bool ignore_case, struct span *out)
{
	struct span in = s->value;
	struct regex *compiled;
	char why[160];
	size_t at;

	if (in.len < 3 || in.p[in.len - 1] != '/') {
		load_error(l, s, "\"%.*s\": a regular expression begins and ends with \"/\"; expected /.../, "
			   "or a glob that begins with a host or \"*\"", SHOWN(s));
		return false;
	}
	*out = (struct span){ in.p + 1, in.len - 2 };
	compiled = regex_new(*out, ignore_case, why, sizeof(why), &at);
	if (!compiled) {
		load_error(l, s, "regular expression: %s, after \"%.*s\"; expected one that PCRE2 can read", why,
			   (int)(at > 60 ? 60 : at), out->p);
		return false;
	}
	regex_free(compiled);
	return true;
}

/* "http://...", "*://...": letters or a star before the first "://" */
static bool has_scheme(struct span glob)
{
	struct span before = span_until(glob, ':');

	for (size_t i = 0; i < before.len; i++)
		if (before.p[i] != '*' && (char_lower(before.p[i]) < 'a' || char_lower(before.p[i]) > 'z'))
			return false;
	return glob.len > before.len + 2 && memcmp(glob.p + before.len, "://", 3) == 0;
}

static void add_url(struct load *l, const struct yaml_node *s)
{
	struct span in = s->value, regex;

	if (in.p[0] == '/') {
		if (take_regex(l, s, true, &regex))
			rules_build_url(&l->build, regex, true);
		return;
	}
	if (has_scheme(in)) {
		load_error(l, s, "\"%.*s\": URLs are compared without their scheme; expected host/path, such as \"*/ads/*\"",
			   SHOWN(s));
		return;
	}
	if (!memchr(in.p, '*', in.len) && !memchr(in.p, '/', in.len)) {
		load_error(l, s, "\"%.*s\" can match no URL, for each has a path; expected host/path, or use host:", SHOWN(s));
		return;
	}
	rules_build_url(&l->build, in, false);
}

void load_rule_url(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "globs over host/path?query, or /regular expressions/", false, add_url);
}

static void add_name(struct load *l, const struct yaml_node *s)
{
	struct span regex;

	if (s->value.p[0] != '/')
		rules_build_name(&l->build, s->value, false);
	else if (take_regex(l, s, false, &regex))
		rules_build_name(&l->build, regex, true);
}

void load_rule_name(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "names of cookies", false, add_name);
}

static void add_size(struct load *l, const struct yaml_node *s)
{
	struct span w = span_until(s->value, 'x'), h = span_skip(s->value, w.len + 1);
	long width = load_number(w, 1, 65535), height = load_number(h, 1, 65535);

	if (width < 0 || height < 0)
		load_error(l, s, "\"%.*s\" is no size; expected width and height in pixels, such as 468x60", SHOWN(s));
	else
		rules_build_size(&l->build, (uint32_t)width, (uint32_t)height);
}

void load_rule_size(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "sizes such as 468x60", false, add_size);
}

static void add_address(struct load *l, const struct yaml_node *s)
{
	struct prefix p = { 0 };

	if (prefix_parse(&p, s->value))
		rules_build_address(&l->build, &p);
	else
		load_error(l, s, "\"%.*s\" is no address; expected an address or prefix, such as 198.51.100.0/24", SHOWN(s));
}

void load_rule_address(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "addresses or prefixes of servers", false, add_address);
}

void load_rule_third_party(struct load *l, const struct yaml_node *value)
{
	int yes = load_yes(l, value);

	if (yes >= 0)
		l->build.rule.conditions |= yes ? RULE_THIRD_PARTY : RULE_FIRST_PARTY;
}

const struct group *load_group_named(struct load *l, const struct yaml_node *s)
{
	const char *names[LIMIT_GROUPS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < l->group_count; i++) {
		if (span_eq(l->groups[i].name, s->value))
			return &l->groups[i];
		names[i] = l->groups[i].name.p;
	}
	near = load_nearest(s->value, names, l->group_count);
	if (near)
		load_error(l, s, "there is no group \"%.*s\"; did you mean \"%s\"?", SHOWN(s), near);
	else
		load_error(l, s, "there is no group \"%.*s\"; expected a name of the groups section", SHOWN(s));
	return NULL;
}

static void add_group(struct load *l, const struct yaml_node *s)
{
	const struct group *g = load_group_named(l, s);

	if (!g)
		return;
	l->values += g->count;		/* aliases could make every rule a copy of a huge group */
	if (l->values <= LIMIT_RULES_VALUES)
		rules_build_group(&l->build, g->prefix, g->count);
}

void load_rule_group(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "names of groups", false, add_group);
}

static void add_between(struct load *l, const struct yaml_node *s)
{
	struct schedule_span spans[7];
	unsigned n = schedule_parse(s->value, spans);

	if (n)
		rules_build_between(&l->build, spans, n);
	else
		load_error(l, s, "\"%.*s\" is no time; expected days, times or both, such as \"mon-fri 08:00-15:30\"", SHOWN(s));
}

void load_rule_between(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "times such as \"mon-fri 08:00-15:30\"", false, add_between);
}

/* --- the whole ------------------------------------------------------------- */

/* which conditions a kind can know anything about; @good: all conditions could be read */
static void check_conditions(struct load *l, bool good)
{
	static const struct { enum key_index key; unsigned kinds; const char *what; } needs[] = {
		{ KEY_RULE_url, ~(1u << KIND_CONNECTIONS), "a connection has no URL; expected block: requests, or host:" },
		{ KEY_RULE_third_party, ~(1u << KIND_CONNECTIONS), "a connection has no page; expected block: requests" },
		{ KEY_RULE_name, 1u << KIND_COOKIES, "only cookies have names; expected it in a rule about cookies" },
		{ KEY_RULE_size, 1u << KIND_IMAGES, "only images have a size; expected it in a rule about images" },
	};

	for (size_t i = 0; l->rule.kind_known && i < ARRAY_LEN(needs); i++)
		if (l->rule.key[needs[i].key] && !(needs[i].kinds & 1u << l->rule.kind))
			load_error(l, l->rule.key[needs[i].key], "%s", needs[i].what);
	if (good && l->rule.action != ACT_ALLOW && l->build.rule.conditions == 0)
		load_error(l, l->rule.node, "a rule without a condition would %s all %s; expected one, such as host:",
			   l->rule.action == ACT_LIMIT ? "limit" : "block", kind_name[l->rule.kind]);
}

static size_t put(char *out, size_t len, struct span s)
{
	for (size_t i = 0; i < s.len && len < RULE_TEXT - 1; i++)
		out[len++] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i];
	return len;
}

/* the rule on one line: "block: images, size: 1x1 468x60" */
static void rule_text(const struct yaml_node *map, char out[RULE_TEXT])
{
	size_t len = 0;

	for (size_t i = 0; i + 1 < map->count; i += 2) {
		const struct yaml_node *v = map->item[i + 1];

		len = put(out, len, i ? SPAN_LIT(", ") : SPAN_LIT(""));
		len = put(out, len, map->item[i]->value);
		len = put(out, len, SPAN_LIT(":"));
		for (size_t j = 0; v->type == YAML_LIST && j < v->count; j++) {
			if (j && len > RULE_TEXT / 4) {	/* the other keys should be seen too */
				len = put(out, len, SPAN_LIT(" ..."));
				break;
			}
			len = put(out, len, SPAN_LIT(" "));
			len = put(out, len, v->item[j]->value);
		}
		if (v->type == YAML_SCALAR) {
			len = put(out, len, SPAN_LIT(" "));
			len = put(out, len, v->value);
		}
	}
	out[len] = '\0';
}

void load_rule(struct load *l, const struct yaml_node *item)
{
	size_t before = l->report->errors;
	char text[RULE_TEXT];

	if (l->report->rules == LIMIT_RULES) {
		load_error(l, item, "too many rules; expected at most %d", LIMIT_RULES);
		l->values = LOAD_STOP;
		return;
	}
	l->report->rules++;
	l->rule = (struct rule_entry){ .node = item };
	rules_build_rule_begin(&l->build, item->line);
	load_map(l, item, KEYS_RULE, "a rule, such as \"- block: requests\" with its conditions below", l->rule.key);
	if (item->type != YAML_MAP)
		return;
	if (l->rule.action == ACT_PASS) {
		if (l->report->errors == before)
			load_error(l, item, "a rule that does nothing; expected block:, allow: or limit:");
		return;
	}
	check_conditions(l, l->report->errors == before);
	if (l->report->errors)
		return;		/* there will be no image: look for more errors only */
	rule_text(item, text);
	rules_build_rule_end(&l->build, l->rule.action, l->rule.kind, span_of(text));
}
