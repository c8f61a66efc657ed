/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json - a writer of JSON */
#include "json.h"

#include <stddef.h>
#include <string.h>

/* bytes of the UTF-8 sequence at @p, of @n; 0: it is none (RFC 3629) */
static size_t json_utf8(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 :
		     p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static void json_quote(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = strlen(text), len;

	fputc('"', out);
	for (; n; p += len, n -= len) {
		len = json_utf8(p, n);
		if (!len) {
			fputs("\\ufffd", out);
			len = 1;
		} else if (*p == '"' || *p == '\\') {
			fprintf(out, "\\%c", *p);
		} else if (*p == '\n') {
			fputs("\\n", out);
		} else if (*p == '\t') {
			fputs("\\t", out);
		} else if (*p < ' ' || *p == 0x7f) {
			fprintf(out, "\\u%04x", *p);
		} else {
			fwrite(p, 1, len, out);
		}
	}
	fputc('"', out);
}

static void json_key(struct json *j, const char *key)
{
	if (j->more)
		fputc(',', j->out);
	j->more = true;
	if (key) {
		json_quote(j->out, key);
		fputc(':', j->out);
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	json_key(j, key);
	fputc(bracket, j->out);
	j->more = false;
}

void json_close(struct json *j, char bracket)
{
	fputc(bracket, j->out);
	j->more = true;
}

void json_string(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	if (text)
		json_quote(j->out, text);
	else
		fputs("null", j->out);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	fprintf(j->out, "%llu", (unsigned long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_raw(struct json *j, const char *members)
{
	if (!*members)
		return;
	json_key(j, NULL);
	fputs(members, j->out);
}
