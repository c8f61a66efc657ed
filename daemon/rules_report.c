/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_report - notes with a place, a line and a caret */
#include "rules_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list_shown.h"

void rules_report_init(struct rules_report *r)
{
	memset(r, 0, sizeof(*r));
}

void rules_report_fini(struct rules_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->notes[i].file);
	free(r->notes);
	for (size_t i = 0; i < r->list_count; i++) {
		free(r->lists[i].file);
		free(r->lists[i].url);
	}
	free(r->lists);
	rules_report_init(r);
}

/* bytes that are one character; a broken one counts by itself */
static size_t char_bytes(struct span s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= s.len ? n : s.len;
}

/* line @number as libyaml counts: LF, CRLF, CR, NEL, LS and PS end a line */
static struct span find_line(struct span text, uint32_t number)
{
	struct span rest = text;
	uint32_t line = 1;
	size_t start = 0;

	if (text.len >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		start = 3;
	for (size_t i = start; ; ) {
		size_t end = 0;

		rest = span_skip(text, i);
		if (rest.len == 0)
			end = 1;
		else if (rest.p[0] == '\n')
			end = 1;
		else if (rest.p[0] == '\r')
			end = rest.len > 1 && rest.p[1] == '\n' ? 2 : 1;
		else if (rest.len > 1 && memcmp(rest.p, "\xc2\x85", 2) == 0)
			end = 2;
		else if (rest.len > 2 && (memcmp(rest.p, "\xe2\x80\xa8", 3) == 0 || memcmp(rest.p, "\xe2\x80\xa9", 3) == 0))
			end = 3;
		if (end && line == number)
			return (struct span){ text.p + start, i - start };
		if (rest.len == 0)
			return (struct span){ "", 0 };
		i += end ? end : 1;
		if (end) {
			line++;
			start = i;
		}
	}
}

/* @text without secrets, malloc'd; NULL: out of memory */
static char *shown(struct span text, size_t *len)
{
	size_t room = text.len * 3 + 16;	/* at worst "?a" becomes "?***" */
	char *out = malloc(room);

	if (out)
		*len = list_shown(text, out, room);
	return out;
}

/* copy the line, what a terminal could take for a command made harmless; and where the column at @at bytes begins */
static void show_part(struct rules_note *n, struct span line, size_t at)
{
	size_t from = 0;

	if (at > REPORT_TEXT / 2) {	/* a very long line: the part around the mistake */
		from = at - REPORT_TEXT / 4;
		while (from < at && ((unsigned char)line.p[from] & 0xc0) == 0x80)
			from++;
	}
	line = span_skip(line, from);
	if (line.len > REPORT_TEXT - 1)
		line.len = REPORT_TEXT - 1;
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.p[i];

		n->source[i] = (char)((c < ' ' && c != '\t') || c == 0x7f ? '?' : c);
	}
	n->source[line.len] = '\0';
	n->caret = (uint32_t)(at - from);
	if (n->caret > line.len)
		n->caret = (uint32_t)line.len;
}

static void show_line(struct rules_note *n, struct span line, uint32_t column)
{
	size_t at = 0, len;
	char *text, *before;

	for (uint32_t c = 1; c < column && at < line.len; c++)
		at += char_bytes(span_skip(line, at));
	text = shown(line, &len);
	before = shown((struct span){ line.p, at < line.len ? at : line.len }, &at);
	if (text && before)
		show_part(n, (struct span){ text, len }, at < len ? at : len);
	free(text);
	free(before);
}

void rules_report_add(struct rules_report *r, bool warning, const char *file, struct span text,
		      uint32_t line, uint32_t column, const char *fmt, ...)
{
	struct rules_note *n;
	char *message;
	va_list ap;

	if (warning ? r->warnings++ >= LIMIT_RULES_ERRORS : r->errors++ >= LIMIT_RULES_ERRORS)
		return;
	n = realloc(r->notes, (r->count + 1) * sizeof(*n));
	if (!n)
		return;
	r->notes = n;
	n += r->count;
	memset(n, 0, sizeof(*n));
	n->file = strdup(file);
	if (!n->file)
		return;
	r->count++;
	n->warning = warning;
	n->line = line;
	n->column = column;
	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) < 0)
		message = NULL;
	va_end(ap);
	list_shown(span_of(message ? message : "out of memory"), n->message, sizeof(n->message));
	free(message);
	for (char *c = n->message; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (line)
		show_line(n, find_line(text, line), column);
}

static void print_note(FILE *out, const struct rules_note *n)
{
	fputs(n->file, out);
	if (n->line)
		fprintf(out, ":%u:%u", n->line, n->column);
	fprintf(out, ": %s: %s\n", n->warning ? "warning" : "error", n->message);
	if (n->source[0] == '\0')
		return;
	fprintf(out, "    %s\n    ", n->source);
	for (uint32_t i = 0; i < n->caret; i++)	/* a tab stays a tab, so that the caret stands below its place */
		if (((unsigned char)n->source[i] & 0xc0) != 0x80)
			fputc(n->source[i] == '\t' ? '\t' : ' ', out);
	fputs("^\n", out);
}

char *rules_report_text(const struct rules_report *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < r->count; i++)
		print_note(out, &r->notes[i]);
	if (r->errors > LIMIT_RULES_ERRORS)
		fprintf(out, "and %zu more errors\n", r->errors - LIMIT_RULES_ERRORS);
	if (r->warnings > LIMIT_RULES_ERRORS)
		fprintf(out, "and %zu more warnings\n", r->warnings - LIMIT_RULES_ERRORS);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* ", N text" at the end of @out, unless N is 0 */
static void add_count(char *out, size_t out_len, uint32_t n, const char *text)
{
	size_t len = strlen(out);

	if (n)
		snprintf(out + len, out_len - len, ", %u %s", n, text);
}

void rules_report_list(const struct rules_list_note *l, char *out, size_t out_len)
{
	bool filters = l->filters != 0;

	snprintf(out, out_len, "%s, %s: %u lines, %u %s", l->format,
		 !l->in_force ? "observed" : l->allow ? "in force as exceptions" : "in force", l->lines,
		 filters ? l->filters : l->names, filters ? "filters" : "names");
	if (l->duplicates)
		snprintf(out + strlen(out), out_len - strlen(out), " (%u of them duplicates)", l->duplicates);
	add_count(out, out_len, l->comments, "comments or blank");
	add_count(out, out_len, l->skipped, filters ? "about cookies" : "not about blocking");
	add_count(out, out_len, l->cosmetic, "cosmetic");
	add_count(out, out_len, l->browser, "for browsers only");
	add_count(out, out_len, l->modifier, "with unsupported modifiers");
	add_count(out, out_len, l->invalid, "invalid");
	add_count(out, out_len, l->includes, "includes that are not followed");
}
