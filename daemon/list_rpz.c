/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_rpz - response policy zones: which names a resolver would answer with nothing
 *
 * The text form of a zone (RFC 1035 section 5), one record a line: owner, then time to
 * live and class in any order and both optional, then type and data.  Parentheses let
 * a record go on over lines; no record that blocks needs them.
 */
#include "list.h"

struct zone {
	struct span origin;	/* of "$ORIGIN" or the SOA's owner, without the final dot; empty: none */
	struct span owner;	/* of the record before, for lines that begin with a blank */
	unsigned open;		/* parentheses */
};

static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && !(i && i == s.len - 1 && strchr("smhdwSMHDW", s.p[i]) && s.p[i]))
			return false;
	return s.len != 0;
}

/* type of the record; @rest is left at its data */
static struct span take_type(struct span *rest)
{
	struct span word;

	do {
		word = list_word(rest);
	} while (is_number(word) || span_eq_nocase(word, SPAN_LIT("in")));
	return word;
}

static struct span without_dot(struct span s)
{
	if (s.len > 1 && s.p[s.len - 1] == '.')
		s.len--;
	return s;
}

static bool ends_with(struct span s, struct span end)
{
	return s.len >= end.len && span_eq_nocase(span_skip(s, s.len - end.len), end);
}

/* the owner as the name that is asked for: an absolute one is below the zone */
static struct span owner_name(const struct zone *z, struct span owner)
{
	if (owner.len && owner.p[owner.len - 1] == '.') {
		owner = without_dot(owner);
		if (z->origin.len && owner.len > z->origin.len + 1 && ends_with(owner, z->origin) &&
		    owner.p[owner.len - z->origin.len - 1] == '.')
			owner.len -= z->origin.len + 1;
	}
	if (owner.len > 2 && owner.p[0] == '*' && owner.p[1] == '.')
		owner = span_skip(owner, 2);
	return owner;
}

/* "32.1.2.0.192.rpz-ip" and the like: not about the name that is asked for */
static bool is_other_trigger(struct span name)
{
	return ends_with(name, SPAN_LIT(".rpz-ip")) || ends_with(name, SPAN_LIT(".rpz-nsip")) ||
	       ends_with(name, SPAN_LIT(".rpz-nsdname")) || ends_with(name, SPAN_LIT(".rpz-client-ip"));
}

/* does this record answer with nothing? */
static bool blocks(struct span type, struct span data)
{
	if (span_eq_nocase(type, SPAN_LIT("cname")))
		return span_eq(data, SPAN_LIT(".")) || span_eq(data, SPAN_LIT("*.")) ||
		       span_eq_nocase(data, SPAN_LIT("rpz-drop."));
	if (span_eq_nocase(type, SPAN_LIT("a")) || span_eq_nocase(type, SPAN_LIT("aaaa")))
		return list_is_nowhere(data);
	return false;
}

static bool is_type(struct span s)
{
	static const char *const types[] = { "soa", "ns", "a", "aaaa", "cname", "dname", "txt", "mx", "ptr", "srv" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (span_eq_nocase(s, span_of(types[i])))
			return true;
	return false;
}

static enum list_kind read_record(struct zone *z, struct span s, bool same_owner,
				  const struct list_sink *sink, struct list_stats *stats)
{
	struct span rest = s, owner = same_owner ? z->owner : list_word(&rest), type, name;

	z->owner = owner;
	type = take_type(&rest);
	if (!is_type(type))
		return LIST_LINE_INVALID;
	if (span_eq_nocase(type, SPAN_LIT("soa")) && z->origin.len == 0 && !span_eq(owner, SPAN_LIT("@")))
		z->origin = without_dot(owner);
	if (!blocks(type, list_word(&rest)))
		return LIST_LINE_SKIPPED;
	name = owner_name(z, owner);
	return is_other_trigger(name) ? LIST_LINE_SKIPPED : list_give(name, sink, stats);
}

static enum list_kind read_line(void *ctx, struct span line, const struct list_sink *sink, struct list_stats *stats)
{
	struct zone *z = ctx;
	struct span s = span_until(line, ';'), rest;
	bool inside = z->open != 0, blank = s.len && (s.p[0] == ' ' || s.p[0] == '\t');
	enum list_kind kind;

	s = span_trim(s);
	if (s.len == 0)
		return LIST_LINE_COMMENT;
	rest = s;
	if (inside) {
		kind = LIST_LINE_SKIPPED;
	} else if (s.p[0] == '$') {
		if (span_eq_nocase(list_word(&rest), SPAN_LIT("$origin")))
			z->origin = without_dot(list_word(&rest));
		return LIST_LINE_SKIPPED;
	} else {
		kind = read_record(z, s, blank, sink, stats);
	}
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '(')
			z->open++;
		else if (s.p[i] == ')' && z->open)
			z->open--;
	}
	return kind;
}

void list_rpz_read(struct span text, const struct list_sink *sink, struct list_stats *stats)
{
	struct zone z = { .open = 0 };

	list_read(text, read_line, &z, sink, stats);
}
