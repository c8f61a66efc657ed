/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_include - "!#include PATH" in a list of filters: which lines are to be followed, what URL they mean, the whole as one text */
#include "list_include.h"

#include <stdio.h>

#include "list.h"
#include "list_adblock.h"
#include "list_shown.h"

/* --- which lines -------------------------------------------------------------- */

struct finding {
	struct list_tree *tree;
	struct list_part *part;
	bool full;
};

static void no_filter(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	(void)ctx, (void)f, (void)line, (void)number;
}

static void on_include(void *ctx, struct span path, uint32_t number)
{
	struct finding *f = ctx;

	f->full |= f->tree->includes == LIMIT_LIST_INCLUDES;
	if (f->full)
		return;
	f->tree->include[f->tree->includes++] = (struct list_include){ number, span_until(path, '\t'), 0 };
	f->part->count++;
}

bool list_include_find(struct list_tree *t, unsigned part)
{
	struct finding f = { t, &t->part[part], false };
	struct adblock_sink sink = { .filter = no_filter, .include = on_include, .ctx = &f };
	struct adblock_stats stats;

	f.part->first = t->includes;
	f.part->count = 0;
	list_adblock_read(f.part->text, &sink, &stats);
	return !f.full;
}

/* --- which URL ------------------------------------------------------------------ */

struct url_parts {
	struct span scheme, authority, path, query;	/* query: with its "?" */
};

static bool is_alpha(char c)
{
	return char_lower(c) >= 'a' && char_lower(c) <= 'z';
}

/* bytes of the scheme of @s without its colon; 0: it has none (RFC 3986, 3.1) */
static size_t scheme_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && (is_alpha(s.p[n]) || (n && ((s.p[n] >= '0' && s.p[n] <= '9') || strchr("+-.", s.p[n])))))
		n++;
	return n < s.len && s.p[n] == ':' ? n : 0;
}

/* RFC 3986, 3; without fragment.  What it has not is empty */
static void split(struct span s, struct url_parts *out)
{
	size_t n = scheme_len(s);

	*out = (struct url_parts){ .scheme = { s.p, n } };
	s = span_until(span_skip(s, n ? n + 1 : 0), '#');
	if (s.len >= 2 && memcmp(s.p, "//", 2) == 0) {
		s = span_skip(s, 2);
		for (n = 0; n < s.len && s.p[n] != '/' && s.p[n] != '?'; n++)
			;
		out->authority = (struct span){ s.p, n };
		s = span_skip(s, n);
	}
	out->path = span_until(s, '?');
	out->query = span_skip(s, out->path.len);
}

/* @u's authority without a port that is the scheme's own */
static struct span host_and_port(const struct url_parts *u, struct span scheme)
{
	struct span port = span_eq_nocase(scheme, SPAN_LIT("https")) ? SPAN_LIT(":443") : SPAN_LIT(":80");
	struct span a = u->authority;

	if (a.len > port.len && memcmp(a.p + a.len - port.len, port.p, port.len) == 0)
		a.len -= port.len;
	else if (a.len && a.p[a.len - 1] == ':')
		a.len--;
	return a;
}

/* 1 of ".", 2 of "..", 0 of any other segment; a dot may be "%2e" */
static unsigned dots(struct span segment)
{
	unsigned n = 0;

	while (segment.len) {
		size_t len = segment.p[0] == '.' ? 1 : 3;

		if (len == 3 && (segment.len < 3 || !span_eq_nocase((struct span){ segment.p, 3 }, SPAN_LIT("%2e"))))
			return 0;
		segment = span_skip(segment, len);
		n++;
	}
	return n <= 2 ? n : 0;
}

/* @path, which begins with "/", without dot segments (RFC 3986, 5.2.4); false: it leads above the root.  @out: as long as @path */
static bool remove_dots(struct span path, char *out, size_t *out_len)
{
	size_t at = 0;

	while (path.len) {
		struct span segment = span_until(span_skip(path, 1), '/');
		unsigned up = dots(segment);

		path = span_skip(path, 1 + segment.len);
		if (up == 2) {
			if (at == 0)
				return false;
			while (out[--at] != '/')
				;
		}
		if (up == 0 || path.len == 0)
			out[at++] = '/';
		if (up == 0) {
			memcpy(out + at, segment.p, segment.len);
			at += segment.len;
		}
	}
	*out_len = at;
	return true;
}

const char *list_include_url(struct span base, struct span path, char out[LIMIT_LIST_URL_BYTES + 1])
{
	char joined[2 * LIMIT_LIST_URL_BYTES + 2], flat[sizeof(joined)];
	struct url_parts b, r;
	struct span dir;
	size_t len = 0;

	if (path.len > LIMIT_LIST_URL_BYTES || base.len > LIMIT_LIST_URL_BYTES)
		return "its name is too long";
	for (size_t i = 0; i < path.len; i++)
		if (path.p[i] <= ' ' || path.p[i] >= 0x7f || strchr("\"<>\\^`{|}", path.p[i]))
			return "a URL has no such characters";
	split(base, &b);
	split(path, &r);
	if (!r.scheme.len && !r.authority.len && !r.path.len && !r.query.len)
		return "it names no file";
	if (r.scheme.len && !span_eq_nocase(r.scheme, b.scheme))
		return "it is of another origin than the list";
	if (r.scheme.len || r.authority.len || (path.len >= 2 && memcmp(path.p, "//", 2) == 0)) {
		if (!span_eq_nocase(host_and_port(&r, b.scheme), host_and_port(&b, b.scheme)))
			return "it is of another origin than the list";
		if (!r.path.len)
			r.path = SPAN_LIT("/");
	} else if (!r.path.len) {
		r.path = b.path.len ? b.path : SPAN_LIT("/");
	}
	if (r.path.p[0] != '/') {
		for (dir = b.path; dir.len && dir.p[dir.len - 1] != '/'; dir.len--)
			;
		if (!dir.len)
			dir = SPAN_LIT("/");
		memcpy(joined, dir.p, dir.len);
		len = dir.len;
	}
	memcpy(joined + len, r.path.p, r.path.len);
	if (!remove_dots((struct span){ joined, len + r.path.len }, flat, &len))
		return "it leads above the root of the server";
	if (b.scheme.len + 3 + b.authority.len + len + r.query.len > LIMIT_LIST_URL_BYTES)
		return "its name is too long";
	snprintf(out, LIMIT_LIST_URL_BYTES + 1, "%.*s://%.*s%.*s%.*s", SPAN_FMT(b.scheme), SPAN_FMT(b.authority), (int)len, flat,
		 SPAN_FMT(r.query));
	return NULL;
}

/* --- the whole ---------------------------------------------------------------------- */

struct joining {
	const struct list_tree *tree;
	list_include_sink *sink;
	void *ctx;
};

static bool put(struct joining *j, const char *text)
{
	return j->sink(j->ctx, span_of(text));
}

static bool put_range(struct joining *j, const char *from, const char *to)
{
	return from == to || j->sink(j->ctx, (struct span){ from, (size_t)(to - from) });
}

static bool join_part(struct joining *j, const struct list_part *part);

/* in place of the line @i of @in */
static bool join_include(struct joining *j, const struct list_part *in, const struct list_include *i)
{
	char note[3 * LIMIT_LIST_URL_BYTES + 128], of[LIMIT_LIST_URL_BYTES + 1], it[sizeof(of)];
	const struct list_part *part = &j->tree->part[i->part];

	if (!i->part) {
		snprintf(note, sizeof(note), "! dejunk: !#include %.*s: it is in this list already\n", SPAN_FMT(i->path));
		return put(j, note);
	}
	list_shown(span_of(in->url), of, sizeof(of));
	list_shown(span_of(part->url), it, sizeof(it));
	snprintf(note, sizeof(note), "! dejunk: line %u of %s includes %s\n", i->line, of, it);
	if (!put(j, note) || !join_part(j, part))
		return false;
	snprintf(note, sizeof(note), "! dejunk: end of %s; line %u of %s follows\n", it, i->line + 1, of);
	return put(j, note);
}

/* an "!#if" has its end in the file it stands in: false for a line that would act on those around it */
static bool is_own(enum adblock_directive d, unsigned *open)
{
	if (d == ADBLOCK_IF)
		++*open;
	else if (d == ADBLOCK_ENDIF && *open)
		--*open;
	else if (d == ADBLOCK_ENDIF || (d == ADBLOCK_ELSE && !*open))
		return false;
	return true;
}

static bool join_part(struct joining *j, const struct list_part *part)
{
	const struct list_include *next = &j->tree->include[part->first], *end = next + part->count;
	struct span rest = part->depth ? list_skip_bom(part->text) : part->text, line;
	const char *from = rest.p;		/* what is not put yet */
	unsigned open = 0;
	bool ok = true;

	for (uint32_t number = 1; ok && list_line(&rest, &line); number++) {
		bool include = next < end && next->line == number;

		if (!include && (!part->depth || is_own(adblock_directive(line), &open)))
			continue;
		ok = put_range(j, from, line.p);
		from = include ? rest.p : line.p;
		if (ok)
			ok = include ? join_include(j, part, next++) : put(j, "! dejunk: without an !#if in this file: ");
	}
	ok = ok && put_range(j, from, rest.p);
	if (ok && part->depth && rest.p > from && rest.p[-1] != '\n')
		ok = put(j, "\n");
	while (ok && open--)
		ok = put(j, "!#endif\n");
	return ok;
}

bool list_include_join(const struct list_tree *t, list_include_sink *sink, void *ctx)
{
	struct joining j = { t, sink, ctx };

	return join_part(&j, &t->part[0]);
}
