/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_options - the part of a network filter behind its "$"
 *
 * Options are separated by commas; a comma inside a value counts only where an option
 * could begin behind it, which is how uBlock Origin reads them.
 */
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "filter_parts.h"

enum option_does {
	DOES_TYPE, DOES_PARTY, DOES_STRICT, DOES_FROM, DOES_TO, DOES_DENYALLOW, DOES_MATCH_CASE, DOES_IMPORTANT,
	DOES_BADFILTER, DOES_METHOD, DOES_REMOVEPARAM, DOES_COOKIE, DOES_REDIRECT, DOES_REDIRECT_TO, DOES_NOTHING,
	DOES_UNUSED_TYPE,	/* a kind of request, or of page control, that a gateway does not see */
	DOES_UNUSED,		/* the whole filter is not used */
};

enum { N = 1, V = 2, v = 4 };

static const struct row {
	const char *name;
	uint8_t len;
	uint8_t does;
	uint8_t form;
	uint32_t arg;
} rows[] = {
#define FILTER_OPTION(text, what, argument, how) { text, sizeof(text) - 1, DOES_##what, how, argument },
#include "tbl/filter_option.h"
#undef FILTER_OPTION
};

static const struct {
	const char *name;
	enum filter_resource is;
} resources[] = {
#define FILTER_RESOURCE(text, what) { text, FILTER_RESOURCE_##what },
#include "tbl/filter_resource.h"
#undef FILTER_RESOURCE
};

struct option {
	const struct row *row;		/* NULL: not known */
	bool nothing;			/* "_", any number of them */
	bool negated, assigned;
	struct span value, all;
};

struct reading {
	uint32_t types, not_types;
	bool not_unused;		/* "~popup": all others */
	enum filter_reason unused;	/* of an option of DOES_UNUSED_TYPE; 0: none */
	bool unredirectable;
	uint64_t seen[2];		/* a bit for each row, synonyms sharing one */
	unsigned first, third;
};

static size_t name_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '-' ||
			     s.p[n] == '_'))
		n++;
	return n;
}

/* is @s "name", "name,..." or "name=..."?  Returns the length of the name, 0: no */
static size_t option_like(struct span s)
{
	size_t n;

	if (s.len && s.p[0] == '~')
		s = span_skip(s, 1);
	n = name_len(s);
	return n == s.len || s.p[n] == ',' || s.p[n] == '=' ? n : 0;
}

static const struct row *find_row(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].len == name.len && memcmp(rows[i].name, name.p, name.len) == 0)
			return &rows[i];
	return NULL;
}

static bool is_nothing(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] != '_')
			return false;
	return name.len != 0;
}

void filter_options_split(struct span body, struct span *pattern, struct span *options)
{
	bool regex = body.len > 2 && body.p[0] == '/' && body.p[body.len - 1] == '/';
	const char *maybe = NULL;
	size_t len = body.len;

	*pattern = body;
	*options = (struct span){ NULL, 0 };
	while (len) {
		const char *at = memrchr(body.p, '$', len);
		struct span rest, name;

		if (!at)
			break;
		len = (size_t)(at - body.p);
		rest = span_skip(body, len + 1);
		name = (struct span){ rest.p, option_like(rest) };
		if (name.len == 0)
			continue;
		name.p += rest.p[0] == '~';
		if (find_row(name) || is_nothing(name)) {
			maybe = at;
			break;
		}
		if (!maybe && !regex && name.p[0] >= 'a' && name.p[0] <= 'z')
			maybe = at;		/* an option that nobody knows, unless a known one is further left */
	}
	if (maybe) {
		pattern->len = (size_t)(maybe - body.p);
		*options = span_skip(body, pattern->len + 1);
	}
}

/* does an option begin here, behind a comma? */
static bool begins_option(struct span s)
{
	size_t n = 0;

	if (s.len && s.p[0] == '~')
		s = span_skip(s, 1);
	n = name_len(s);
	return n && (n == s.len || s.p[n] == ',' || (s.p[n] == '=' && find_row((struct span){ s.p, n })));
}

/* the value at the beginning of @s; @taken: bytes it occupies, quotes included */
static struct span take_value(struct span s, size_t *taken)
{
	if (s.len > 1 && (s.p[0] == '"' || s.p[0] == '\'' || s.p[0] == '`')) {
		const char *end = memchr(s.p + 1, s.p[0], s.len - 1);
		size_t n = end ? (size_t)(end - s.p) : 0;

		if (n && (n + 1 == s.len || s.p[n + 1] == ',')) {
			*taken = n + 1;
			return (struct span){ s.p + 1, n - 1 };
		}
	}
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] != ',' || (i && s.p[i - 1] == '\\') || !begins_option(span_skip(s, i + 1)))
			continue;
		*taken = i;
		return (struct span){ s.p, i };
	}
	*taken = s.len;
	return s;
}

static void next_option(struct span *rest, struct option *o)
{
	struct span s = *rest, name;
	size_t at = 0, taken = 0;

	*o = (struct option){ .all = span_until(s, ',') };
	o->negated = s.len && s.p[0] == '~';
	at = o->negated;
	name = (struct span){ s.p + at, option_like(s) };
	at += name.len;
	if (name.len == 0) {
		*rest = span_skip(s, o->all.len + 1);
		return;
	}
	o->row = find_row(name);
	o->nothing = is_nothing(name);
	o->assigned = at < s.len && s.p[at] == '=';
	o->value = (struct span){ s.p + at, 0 };
	if (o->assigned) {
		at++;
		o->value = take_value(span_skip(s, at), &taken);
		at += taken;
	}
	o->all = (struct span){ s.p, at };
	*rest = span_skip(s, at + 1);
}

static bool read_domains(struct filter *f, struct span *list, const struct option *o, bool negatable, bool any_tld)
{
	enum filter_reason reason = filter_domains_check(o->value, negatable, any_tld);

	*list = o->value;
	return reason == FILTER_REASON_BLOCK || filter_refuse(f, reason, o->all);
}

/* unknown methods are passed over, as uBlock Origin does */
static void read_methods(struct filter *f, struct span list)
{
	static const char *const names[] = { "connect", "delete", "get", "head", "options", "patch", "post", "put" };
	unsigned yes = 0, no = 0;

	while (list.len) {
		struct span word = span_until(list, '|');
		bool negated = word.len && word.p[0] == '~';

		list = span_skip(list, word.len + 1);
		word = span_skip(word, negated);
		for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
			if (!span_eq_nocase(word, span_of(names[i])))
				continue;
			if (negated)
				no |= 1u << i;
			else
				yes |= 1u << i;
		}
	}
	yes &= ~no;
	f->methods = (yes ? yes : FILTER_METHODS_ALL) & ~no;
}

/* "/expression/" or "/expression/i": takes slashes and flag off; false: not of this form */
static bool take_regex(struct span *s, bool *nocase)
{
	*nocase = s->len > 3 && s->p[s->len - 1] == 'i' && s->p[s->len - 2] == '/';
	if (s->len < 3 || s->p[0] != '/' || s->p[s->len - 1 - *nocase] != '/')
		return false;
	*s = (struct span){ s->p + 1, s->len - 2 - *nocase };
	return true;
}

static bool set_action(struct filter *f, enum filter_action action, const struct option *o)
{
	if (f->action != FILTER_BLOCK)
		return filter_refuse(f, FILTER_REASON_OPTION_CONFLICT, o->all);
	f->action = action;
	return true;
}

static bool read_removeparam(struct filter *f, const struct option *o)
{
	struct span s = span_trim(o->value);
	char *kept;

	if (!set_action(f, FILTER_REMOVEPARAM, o))
		return false;
	f->name_negated = s.len && s.p[0] == '~';
	s = span_skip(s, f->name_negated);
	f->name_regex = take_regex(&s, &f->name_nocase);
	if (!f->name_regex && s.len && s.p[0] == '|') {	/* "|name": an older form of "/^name/i" */
		kept = filter_keep(f, s.len);
		if (!kept)
			return filter_refuse(f, FILTER_REASON_OPTION_VALUE, o->all);
		memcpy(kept, s.p, s.len);
		kept[0] = '^';
		s.p = kept;
		f->name_regex = f->name_nocase = true;
	}
	f->name = s;
	if (f->name_regex)
		return filter_regex_ok(s) || filter_refuse(f, FILTER_REASON_REGEX, o->all);
	if ((s.len && memchr(s.p, '|', s.len)) || (s.len == 0 && f->name_negated))
		return filter_refuse(f, FILTER_REASON_OPTION_VALUE, o->all);
	return true;
}

static bool read_max_age(struct span s, int64_t *max_age)
{
	if (s.len == 0 || s.len > 12)
		return false;
	*max_age = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*max_age = *max_age * 10 + (s.p[i] - '0');
	}
	return true;
}

/* the name of a cookie, up to the ";" before its attributes; a regular expression may hold ";" itself */
static struct span take_cookie_name(struct span *rest)
{
	size_t n = 0;

	if (rest->len && rest->p[0] == '/') {
		for (n = 1; n < rest->len; n++) {
			size_t end = n + 1;

			if (rest->p[n] != '/' || rest->p[n - 1] == '\\')
				continue;
			end += end < rest->len && rest->p[end] == 'i';
			if (end == rest->len || rest->p[end] == ';') {
				n = end;
				break;
			}
		}
	} else {
		n = span_until(*rest, ';').len;
	}
	if (n > rest->len)
		n = rest->len;

	struct span name = { rest->p, n };

	*rest = span_skip(*rest, n + 1);
	return span_trim(name);
}

static bool read_cookie(struct filter *f, const struct option *o)
{
	struct span rest = o->value, s;

	if (!set_action(f, FILTER_COOKIE, o))
		return false;
	s = take_cookie_name(&rest);
	f->name_regex = take_regex(&s, &f->name_nocase);
	f->name = s;
	if (f->name_regex && !filter_regex_ok(s))
		return filter_refuse(f, FILTER_REASON_REGEX, o->all);
	while (rest.len) {
		struct span part = span_until(rest, ';'), key, value;

		rest = span_skip(rest, part.len + 1);
		key = span_trim(span_until(part, '='));
		value = span_trim(span_skip(part, span_until(part, '=').len + 1));
		if (span_eq_nocase(key, SPAN_LIT("maxage"))) {
			if (!read_max_age(value, &f->max_age))
				return filter_refuse(f, FILTER_REASON_OPTION_VALUE, o->all);
		} else if (span_eq_nocase(key, SPAN_LIT("samesite")) &&
			   (span_eq_nocase(value, SPAN_LIT("lax")) || span_eq_nocase(value, SPAN_LIT("none")) ||
			    span_eq_nocase(value, SPAN_LIT("strict")))) {
			f->same_site = value;
		} else {
			return filter_refuse(f, FILTER_REASON_OPTION_VALUE, o->all);
		}
	}
	return true;
}

static bool read_redirect(struct filter *f, const struct option *o)
{
	struct span name = span_trim(o->value);
	size_t digits = 0;

	/* an exception lifts what stands in, never the block */
	if (!set_action(f, f->exception ? FILTER_REDIRECT_RULE : (enum filter_action)o->row->arg, o))
		return false;
	if (name.len == 0)
		return f->exception || filter_refuse(f, FILTER_REASON_OPTION_VALUE, o->all);
	while (digits < name.len && digits < 9 && name.p[name.len - 1 - digits] >= '0' && name.p[name.len - 1 - digits] <= '9')
		digits++;
	if (digits && digits + 1 < name.len) {
		size_t at = name.len - digits;
		bool minus = name.p[at - 1] == '-';
		int32_t n = 0;

		at -= minus;
		if (at > 1 && name.p[at - 1] == ':') {
			for (size_t i = at + minus; i < name.len; i++)
				n = n * 10 + (name.p[i] - '0');
			f->redirect_priority = minus ? -n : n;
			name.len = at - 1;
		}
	}
	name = span_skip(name, name.p[0] == '%');	/* once: "as a data: URI" */
	f->resource_name = name;
	for (size_t i = 0; i < ARRAY_LEN(resources); i++)
		if (span_eq(name, span_of(resources[i].name)))
			f->resource = resources[i].is;
	if (!f->exception && f->action == FILTER_REDIRECT_RULE && f->resource == FILTER_RESOURCE_NONE)
		return filter_refuse(f, FILTER_REASON_REDIRECT_UNKNOWN, o->all);
	return true;
}

static void read_party(struct reading *r, const struct option *o)
{
	bool first = (o->row->arg == FILTER_FIRST_PARTY) != o->negated;

	r->first |= first;
	r->third |= !first;
}

/* the same option twice, under whatever name, is a mistake in the filter */
static bool seen_before(struct reading *r, const struct row *row)
{
	size_t i = 0;

	if (row->does == DOES_UNUSED || row->does == DOES_UNUSED_TYPE || row->does == DOES_NOTHING)
		return false;
	while (rows[i].does != row->does || rows[i].arg != row->arg)
		i++;
	if (r->seen[i / 64] >> i % 64 & 1)
		return true;
	r->seen[i / 64] |= (uint64_t)1 << i % 64;
	return false;
}

static bool read_type(struct reading *r, const struct option *o)
{
	if (o->negated)
		r->not_types |= o->row->arg;
	else
		r->types |= o->row->arg;
	if (!o->negated && o->row->arg != FILTER_TYPES_ALL && (o->row->arg & (FILTER_TYPE_PING | FILTER_TYPE_WEBSOCKET)))
		r->unredirectable = true;
	return true;
}

static bool read_option(struct filter *f, struct reading *r, const struct option *o)
{
	switch ((enum option_does)o->row->does) {
	case DOES_TYPE:
		return read_type(r, o);
	case DOES_PARTY:
		read_party(r, o);
		return true;
	case DOES_STRICT:
		f->party |= o->row->arg;
		return true;
	case DOES_FROM:
		return read_domains(f, &f->from, o, true, true);
	case DOES_TO:
		return read_domains(f, &f->to, o, true, true);
	case DOES_DENYALLOW:
		return read_domains(f, &f->denyallow, o, false, false);
	case DOES_MATCH_CASE:
		f->match_case = true;
		return true;
	case DOES_IMPORTANT:
		f->important = true;
		return true;
	case DOES_BADFILTER:
		f->badfilter = true;
		return true;
	case DOES_METHOD:
		read_methods(f, o->value);
		return true;
	case DOES_REMOVEPARAM:
		return read_removeparam(f, o);
	case DOES_COOKIE:
		return read_cookie(f, o);
	case DOES_REDIRECT:
		return read_redirect(f, o);
	case DOES_REDIRECT_TO:
		f->resource = (enum filter_resource)o->row->arg;
		f->resource_name = span_of(f->resource == FILTER_RESOURCE_VIDEO ? "noopmp4-1s" : "empty");
		if (f->resource == FILTER_RESOURCE_VIDEO)
			r->types |= FILTER_TYPE_MEDIA;
		return set_action(f, f->exception ? FILTER_REDIRECT_RULE : FILTER_REDIRECT, o);
	case DOES_UNUSED_TYPE:
		if (o->negated) {
			r->not_unused = true;
		} else {
			if (r->unused != FILTER_REASON_PAGE_CONTROL)
				r->unused = (enum filter_reason)o->row->arg;
			r->unredirectable = true;
		}
		return true;
	case DOES_UNUSED:
		return filter_refuse(f, (enum filter_reason)o->row->arg, o->all);
	case DOES_NOTHING:
		return true;
	}
	return true;
}

/* types that were named and negated become the set the filter acts on */
static bool resolve_types(struct filter *f, const struct reading *r, struct span options)
{
	f->types_named = r->types || r->not_types || r->not_unused;
	/* types beside "popup" stand for themselves; beside "stealth" they say of which requests it is switched off */
	if (r->unused && (r->types == 0 ||
			  (r->unused == FILTER_REASON_PAGE_CONTROL && !(r->types & FILTER_TYPE_DOCUMENT))))
		return filter_refuse(f, r->unused, options);
	if (r->types)
		f->types = r->types & ~r->not_types;
	else if (f->action == FILTER_COOKIE)
		f->types = FILTER_TYPES_ALL & ~r->not_types;
	else if (f->action == FILTER_REMOVEPARAM && !r->not_types)
		f->types = FILTER_TYPE_DOCUMENT;
	else
		f->types = FILTER_TYPES_DEFAULT & ~r->not_types;
	return f->types || filter_refuse(f, FILTER_REASON_OPTION_CONFLICT, options);
}

bool filter_options_read(struct filter *f, struct span options, struct filter_options *out)
{
	struct reading r = { 0 };
	struct span rest = options;

	out->any = true;
	do {
		struct option o;

		next_option(&rest, &o);
		if (o.nothing && !o.negated && !o.assigned)
			continue;
		if (!o.row)
			return filter_refuse(f, FILTER_REASON_OPTION_UNKNOWN, o.all);
		if (o.negated && !(o.row->form & N))
			return filter_refuse(f, FILTER_REASON_NEGATION, o.all);
		if ((o.row->form & V && o.value.len == 0) || (o.assigned && !(o.row->form & (V | v))) ||
		    (o.assigned && o.value.len == 0))
			return filter_refuse(f, FILTER_REASON_OPTION_VALUE, o.all);
		if (seen_before(&r, o.row))
			return filter_refuse(f, FILTER_REASON_OPTION_CONFLICT, o.all);
		if (!read_option(f, &r, &o))
			return false;
	} while (rest.len);
	if (r.first != r.third)
		f->party |= r.first ? FILTER_FIRST_PARTY : FILTER_THIRD_PARTY;
	if ((f->party & FILTER_STRICT_FIRST) && (f->party & FILTER_STRICT_THIRD))
		f->party &= ~(unsigned)(FILTER_STRICT_FIRST | FILTER_STRICT_THIRD);	/* as uBlock Origin: either */
	if ((f->action == FILTER_REDIRECT || f->action == FILTER_REDIRECT_RULE) && r.unredirectable)
		return filter_refuse(f, FILTER_REASON_OPTION_CONFLICT, options);
	out->plain = f->action == FILTER_BLOCK && !f->important && !r.not_types && !f->from.len && !f->to.len &&
		     !f->denyallow.len && f->methods == FILTER_METHODS_ALL && !(f->party & ~3u) && !f->match_case;
	return resolve_types(f, &r, options);
}
