/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_adblock - a whole list of Adblock, uBlock or AdGuard filters */
#include "list_adblock.h"

#include <string.h>

#include "container.h"
#include "limits.h"
#include "list.h"

enum { IF_DEPTH = 64, PARENTHESES = 16 };

/* --- conditions ----------------------------------------------------------- */

struct condition {
	struct span rest;
	unsigned depth;
	bool unknown;		/* something is not understood: so is the whole */
};

static void skip_blanks(struct condition *c)
{
	while (c->rest.len && (*c->rest.p == ' ' || *c->rest.p == '\t'))
		c->rest = span_skip(c->rest, 1);
}

static bool take(struct condition *c, const char *sign)
{
	size_t len = strlen(sign);

	skip_blanks(c);
	if (c->rest.len < len || memcmp(c->rest.p, sign, len) != 0)
		return false;
	c->rest = span_skip(c->rest, len);
	return true;
}

static bool name_holds(struct condition *c)
{
	static const char *const yes[] = { "adguard", "adguard_app_cli", "true" };
	static const char *const no[] = {
		"false", "ext_ublock", "ext_ubol", "ext_devbuild", "ext_abp", "env_brave", "env_chromium", "env_edge",
		"env_firefox", "env_legacy", "env_mobile", "env_mv3", "env_safari", "adguard_app_android",
		"adguard_app_ios", "adguard_app_mac", "adguard_app_windows", "adguard_ext_android_cb",
		"adguard_ext_chromium", "adguard_ext_chromium_mv3", "adguard_ext_edge", "adguard_ext_firefox",
		"adguard_ext_opera", "adguard_ext_safari",
	};
	struct span name = { c->rest.p, 0 };

	while (name.len < c->rest.len && ((name.p[name.len] >= 'a' && name.p[name.len] <= 'z') || name.p[name.len] == '_' ||
					  (name.p[name.len] >= '0' && name.p[name.len] <= '9')))
		name.len++;
	c->rest = span_skip(c->rest, name.len);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (span_eq(name, span_of(yes[i])))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (span_eq(name, span_of(no[i])))
			return false;
	/* a capability we never heard of is one we lack */
	if (name.len < 4 || memcmp(name.p, "cap_", 4) != 0)
		c->unknown = true;
	return false;
}

static bool any_holds(struct condition *c);

static bool one_holds(struct condition *c)
{
	bool negated = false, holds;

	while (take(c, "!"))
		negated = !negated;
	if (take(c, "(")) {
		if (++c->depth > PARENTHESES) {
			c->unknown = true;
			return false;
		}
		holds = any_holds(c);
		if (!take(c, ")"))
			c->unknown = true;
		c->depth--;
	} else {
		holds = name_holds(c);
	}
	return holds != negated;
}

static bool all_hold(struct condition *c)
{
	bool holds = one_holds(c);

	while (!c->unknown && take(c, "&&"))
		holds &= one_holds(c);
	return holds;
}

static bool any_holds(struct condition *c)
{
	bool holds = all_hold(c);

	while (!c->unknown && take(c, "||"))
		holds |= all_hold(c);
	return holds;
}

enum adblock_answer adblock_condition(struct span text)
{
	struct condition c = { .rest = text };
	bool holds = any_holds(&c);

	skip_blanks(&c);
	if (c.unknown || c.rest.len)
		return ADBLOCK_UNKNOWN;
	return holds ? ADBLOCK_TRUE : ADBLOCK_FALSE;
}

/* --- hints ---------------------------------------------------------------- */

/* is "cli" among the words of "NAME(word, word)" ?  false also when there is no such NAME; @there says which */
static bool names_us(struct span line, const char *name, bool *there)
{
	size_t len = strlen(name);

	*there = false;
	for (size_t i = 0; i + len < line.len; i++) {
		struct span list;

		if (memcmp(line.p + i, name, len) != 0 || line.p[i + len] != '(' ||
		    (line.p[i - (i > 0)] != ' ' && line.p[i - (i > 0)] != '\t'))
			continue;
		*there = true;
		list = span_until(span_skip(line, i + len + 1), ')');
		while (list.len) {
			struct span word = span_until(list, ',');

			list = span_skip(list, word.len + 1);
			if (span_eq_nocase(span_trim(word), SPAN_LIT("cli")))
				return true;
		}
		return false;
	}
	return false;
}

bool adblock_hint_excludes(struct span line)
{
	bool only, except, ours = names_us(line, "PLATFORM", &only), theirs = names_us(line, "NOT_PLATFORM", &except);

	return (only && !ours) || (except && theirs);
}

/* --- the list ------------------------------------------------------------- */

struct branch {
	bool known, skip, outer_skip;
};

struct reading {
	struct branch stack[IF_DEPTH];
	unsigned depth, too_deep;
	bool skip;		/* in a branch that is not for us */
	bool hint;		/* the next filter is not for us */
};

static bool is_directive(struct span line, const char *name, struct span *rest)
{
	size_t len = strlen(name);
	char next;

	if (line.len < len || memcmp(line.p, name, len) != 0)
		return false;
	*rest = span_trim(span_skip(line, len));
	next = line.len > len ? line.p[len] : ' ';
	return next == ' ' || next == '\t' || next == '(' || next == '!';
}

static void begin_if(struct reading *r, struct span condition)
{
	enum adblock_answer answer = adblock_condition(condition);
	struct branch *b;

	if (r->depth == IF_DEPTH) {
		r->too_deep++;
		return;
	}
	b = &r->stack[r->depth++];
	*b = (struct branch){ answer != ADBLOCK_UNKNOWN, answer == ADBLOCK_FALSE, r->skip };
	r->skip = b->outer_skip || b->skip;
}

static void next_branch(struct reading *r)
{
	struct branch *b;

	if (r->too_deep || r->depth == 0)
		return;
	b = &r->stack[r->depth - 1];
	b->skip = b->known && !b->skip;
	r->skip = b->outer_skip || b->skip;
}

static void end_if(struct reading *r)
{
	if (r->too_deep)
		r->too_deep--;
	else if (r->depth)
		r->skip = r->stack[--r->depth].outer_skip;
}

enum adblock_directive adblock_directive(struct span line)
{
	struct span rest;

	if (line.len > LIMIT_LIST_LINE_BYTES)
		return ADBLOCK_NONE;
	line = span_trim(line);
	if (is_directive(line, "!#if", &rest))
		return ADBLOCK_IF;
	if (is_directive(line, "!#else", &rest))
		return ADBLOCK_ELSE;
	return is_directive(line, "!#endif", &rest) ? ADBLOCK_ENDIF : ADBLOCK_NONE;
}

static void follow(struct reading *r, struct span line, uint32_t number, const struct adblock_sink *sink,
		   struct adblock_stats *stats)
{
	struct span rest;

	if (is_directive(line, "!#if", &rest)) {
		begin_if(r, rest);
	} else if (is_directive(line, "!#else", &rest)) {
		next_branch(r);
	} else if (is_directive(line, "!#endif", &rest)) {
		end_if(r);
	} else if (is_directive(line, "!#include", &rest) && rest.len && !r->skip) {
		stats->includes++;
		if (sink->include)
			sink->include(sink->ctx, span_until(rest, ' '), number);
	} else if (line.len >= 2 && line.p[1] == '+') {
		r->hint |= adblock_hint_excludes(line);
	}
}

void list_adblock_read(struct span text, const struct adblock_sink *sink, struct adblock_stats *stats)
{
	struct reading r = { .depth = 0 };
	struct filter f;
	struct span line;

	*stats = (struct adblock_stats){ 0 };
	text = list_skip_bom(text);
	while (list_line(&text, &line)) {
		enum filter_reason reason;

		stats->lines++;
		filter_parse(line, &f);
		reason = f.reason;
		if (reason == FILTER_REASON_DIRECTIVE) {
			follow(&r, span_trim(line), stats->lines, sink, stats);
		} else if (f.kind != FILTER_COMMENT) {
			if (r.skip || r.hint)
				reason = FILTER_REASON_SWITCHED_OFF;
			r.hint = false;
		}
		stats->reason[reason]++;
		stats->kind[filter_kind_of(reason)]++;
		if (filter_kind_of(reason) == FILTER_NETWORK)
			sink->filter(sink->ctx, &f, line, stats->lines);
	}
}
