/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_rpz - response policy zones: which names a resolver would answer with nothing
 *
 * The text form of a zone (RFC 1035 section 5), one record a line: owner, then time to
 * live and class in any order and both optional, then type and data.  Parentheses let
 * a record go on over lines; no record that blocks needs them.
 */
#include "host.h"
#include "limits.h"
#include "list.h"

enum line_kind { LINE_COMMENT, LINE_USED, LINE_SKIPPED, LINE_INVALID };

struct zone {
	struct span origin;	/* of "$ORIGIN" or the SOA's owner, without the final dot; empty: none */
	struct span owner;	/* of the record before, for lines that begin with a blank */
	unsigned open;		/* parentheses */
};

static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->len && (*rest->p == ' ' || *rest->p == '\t'))
		*rest = span_skip(*rest, 1);
	word = (struct span){ rest->p, 0 };
	while (word.len < rest->len && rest->p[word.len] != ' ' && rest->p[word.len] != '\t')
		word.len++;
	*rest = span_skip(*rest, word.len);
	return word;
}

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
		word = next_word(rest);
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

static enum line_kind read_record(struct zone *z, struct span s, bool same_owner, uint32_t number,
				  const struct list_sink *sink, struct list_stats *stats)
{
	struct span rest = s, owner = same_owner ? z->owner : next_word(&rest), type, name;
	char out[HOST_MAX + 1];
	size_t len;

	z->owner = owner;
	type = take_type(&rest);
	if (!is_type(type))
		return LINE_INVALID;
	if (span_eq_nocase(type, SPAN_LIT("soa")) && z->origin.len == 0 && !span_eq(owner, SPAN_LIT("@")))
		z->origin = without_dot(owner);
	if (!blocks(type, next_word(&rest)))
		return LINE_SKIPPED;
	name = owner_name(z, owner);
	if (is_other_trigger(name) || list_is_local(name))
		return LINE_SKIPPED;
	len = host_normalise(name, out);
	if (len == 0 || !memchr(out, '.', len))
		return LINE_INVALID;
	sink->name(sink->ctx, (struct span){ out, len }, number);
	stats->names++;
	return LINE_USED;
}

static enum line_kind read_line(struct zone *z, struct span line, uint32_t number, const struct list_sink *sink,
				struct list_stats *stats)
{
	struct span s = span_until(line, ';'), rest;
	bool inside = z->open != 0, blank = s.len && (s.p[0] == ' ' || s.p[0] == '\t');
	enum line_kind kind;

	if (line.len > LIMIT_LIST_LINE_BYTES)
		return LINE_INVALID;
	s = span_trim(s);
	if (s.len == 0)
		return LINE_COMMENT;
	rest = s;
	if (inside) {
		kind = LINE_SKIPPED;
	} else if (s.p[0] == '$') {
		if (span_eq_nocase(next_word(&rest), SPAN_LIT("$origin")))
			z->origin = without_dot(next_word(&rest));
		return LINE_SKIPPED;
	} else {
		kind = read_record(z, s, blank, number, sink, stats);
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
	struct span line;

	*stats = (struct list_stats){ 0 };
	text = list_skip_bom(text);
	while (list_line(&text, &line)) {
		stats->lines++;
		switch (read_line(&z, line, stats->lines, sink, stats)) {
		case LINE_COMMENT:
			stats->comments++;
			break;
		case LINE_USED:
			stats->used++;
			break;
		case LINE_SKIPPED:
			stats->skipped++;
			break;
		case LINE_INVALID:
			stats->invalid++;
			break;
		}
	}
}
