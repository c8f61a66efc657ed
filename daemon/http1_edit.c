/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http1_edit - write a head again with fields dropped or values replaced */
#include "http1_edit.h"

static void put(struct http1_edit *e, struct span s)
{
	if (s.len > e->cap - e->len) {
		e->overflow = true;
		return;
	}
	if (s.len)
		memcpy(e->out + e->len, s.p, s.len);
	e->len += s.len;
}

/* copy_to - the old head up to @at, which lies in it and not before what was dealt with */
static void copy_to(struct http1_edit *e, const char *at)
{
	size_t to = (size_t)(at - e->in.p);

	put(e, (struct span){ e->in.p + e->from, to - e->from });
	e->from = to;
}

void http1_edit_begin(struct http1_edit *e, struct span in, const struct http1_head *head, char *out, size_t cap)
{
	*e = (struct http1_edit){ .head = head, .in = { in.p, head->len }, .out = out, .cap = cap };
}

void http1_edit_target(struct http1_edit *e, struct span target)
{
	copy_to(e, e->head->target.p);
	put(e, target);
	e->from += e->head->target.len;
	e->changed = true;
}

void http1_edit_drop(struct http1_edit *e, const struct http1_field *f)
{
	copy_to(e, f->name.p);
	e->from += f->line_len;
	e->changed = true;
}

void http1_edit_replace(struct http1_edit *e, const struct http1_field *f, struct span value)
{
	copy_to(e, f->value.p);
	put(e, value);
	e->from += f->value.len;
	e->changed = true;
}

void http1_edit_add(struct http1_edit *e, struct span name, struct span value)
{
	/* before the empty line, with the line end that one has */
	const char *end = e->in.p + e->in.len;
	size_t eol = e->in.len > 1 && end[-2] == '\r' ? 2 : 1;

	copy_to(e, end - eol);
	put(e, name);
	put(e, SPAN_LIT(": "));
	put(e, value);
	put(e, (struct span){ end - eol, eol });
	e->changed = true;
}

unsigned http1_edit_cookies(struct http1_edit *e, const struct http1_field *f,
			    bool (*keep)(const struct cookie *c, void *arg), void *arg)
{
	struct span rest = f->value;
	struct cookie c;
	unsigned removed = 0, kept = 0;
	bool first = true;
	/* to go back to when all go or all stay */
	struct http1_edit old = *e;

	copy_to(e, f->value.p);
	while (cookie_attribute_next(&rest, &c.raw, &c.name, &c.value)) {
		bool empty = span_trim(c.raw).len == 0;

		if (!empty && !keep(&c, arg)) {
			removed++;
			continue;
		}
		kept += !empty;
		/* the first that stays loses the blanks which parted it from the one before */
		if (!first)
			put(e, SPAN_LIT(";"));
		else if (removed)
			while (c.raw.len && (*c.raw.p == ' ' || *c.raw.p == '\t'))
				c.raw = span_skip(c.raw, 1);
		put(e, c.raw);
		first = false;
	}
	if (removed && kept) {
		e->from += f->value.len;
		e->changed = true;
		return removed;
	}
	*e = old;
	if (removed)
		http1_edit_drop(e, f);
	return removed;
}

bool http1_edit_limit(struct http1_edit *e, const struct http1_field *f)
{
	struct span rest = f->value, raw, name, value;
	bool first = true, found = false;

	if (!cookie_lives(f->value))
		return false;
	copy_to(e, f->value.p);
	while (cookie_attribute_next(&rest, &raw, &name, &value)) {
		if (!first && (span_eq_nocase(name, SPAN_LIT("expires")) ||
			       span_eq_nocase(name, SPAN_LIT("max-age")))) {
			found = true;
			continue;
		}
		if (!first)
			put(e, SPAN_LIT(";"));
		put(e, raw);
		first = false;
	}
	e->from += f->value.len;
	e->changed = e->changed || found;
	return found;
}

size_t http1_edit_end(struct http1_edit *e)
{
	copy_to(e, e->in.p + e->in.len);
	return e->overflow ? 0 : e->len;
}
