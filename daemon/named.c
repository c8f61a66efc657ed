/* SPDX-License-Identifier: GPL-3.0-or-later */
/* named - a value found by what stands before and after it on its line */
#include "named.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static struct span trim_end(struct span s)
{
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool ends(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.p + s.len - len, with, len) == 0;
}

static bool has_comment(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '#' && (i == 0 || is_blank(s.p[i - 1])))
			return true;
	return false;
}

/* does @s, the beginning of a line, end with "KEY:", the key a word of its own? */
static bool ends_with_key(struct span s, const char *key)
{
	s = trim_end(s);
	if (!ends(s, ":"))
		return false;
	s.len--;
	if (s.len && is_quote(s.p[s.len - 1]))
		s.len--;
	if (!ends(s, key))
		return false;
	s.len -= strlen(key);
	if (s.len && !is_blank(s.p[s.len - 1]) && !strchr("{,\"'", s.p[s.len - 1]))
		return false;
	return !has_comment(s);
}

/* only blanks, and the dash of a list? */
static bool is_indent(struct span s)
{
	s = trim_end(s);
	if (ends(s, "-"))
		s.len--;
	return trim_end(s).len == 0;
}

/* the line before the one that begins at @at, or nothing */
static struct span line_before(struct span yaml, size_t at)
{
	size_t from, to = at ? at - 1 : 0;

	for (from = to; from && yaml.p[from - 1] != '\n'; from--)
		;
	return (struct span){ yaml.p + from, to - from };
}

static bool begins_value(struct span yaml, size_t at, const char *key)
{
	size_t from = at;
	struct span before, above;

	while (from && yaml.p[from - 1] != '\n')
		from--;
	before = (struct span){ yaml.p + from, at - from };
	if (before.len && is_quote(before.p[before.len - 1]))
		before.len--;
	/* a scalar begins after a blank, a bracket, or a quote */
	if (before.len && at - from == before.len && !is_blank(before.p[before.len - 1]) && before.p[before.len - 1] != '[')
		return false;
	before = trim_end(before);
	if (ends(before, "["))
		before.len--;
	if (ends_with_key(before, key))
		return true;
	if (!is_indent(before) || !from)
		return false;
	above = trim_end(line_before(yaml, from));
	if (ends(above, ">-") || ends(above, "|-"))
		above.len -= 2;
	else if (ends(above, ">") || ends(above, "|"))
		above.len--;
	return ends_with_key(above, key);
}

static bool ends_value(struct span yaml, size_t at, size_t len)
{
	char before = at ? yaml.p[at - 1] : '\n', quote = is_quote(before) ? before : '\0';
	size_t end = at + len, from = at;
	bool blank = false;

	if (quote && (end == yaml.len || yaml.p[end++] != quote))
		return false;
	if (quote == '\'' && end < yaml.len && yaml.p[end] == '\'')
		return false;		/* '' is a quote within */
	for (; end < yaml.len && is_blank(yaml.p[end]); end++)
		blank = true;
	if (end == yaml.len || yaml.p[end] == '\n')
		return true;
	if (yaml.p[end] == '#')
		return blank;
	while (from && yaml.p[from - 1] != '\n')
		from--;
	/* within brackets these end a value */
	return strchr(",]}", yaml.p[end]) && (memchr(yaml.p + from, '{', at - from) || memchr(yaml.p + from, '[', at - from));
}

bool named_value(struct span yaml, const char *key, struct span value)
{
	const char *p = yaml.p;

	if (value.len == 0 || memchr(value.p, '\n', value.len))
		return false;
	for (; (p = memmem(p, yaml.len - (size_t)(p - yaml.p), value.p, value.len)); p++) {
		size_t at = (size_t)(p - yaml.p);

		if (begins_value(yaml, at, key) && ends_value(yaml, at, value.len))
			return true;
	}
	return false;
}
