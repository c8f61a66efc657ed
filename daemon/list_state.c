/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_state - what is known of a fetched list beside its copy */
#include "list_state.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "container.h"

enum kind { NUMBER32, NUMBER64, SIGNED64, TEXT };

static const struct field {
	const char *key;
	enum kind kind;
	size_t at, len;		/* TEXT: bytes with the NUL */
} field[] = {
#define FIELD(name, kind) { #name, kind, offsetof(struct list_state, name), sizeof(((struct list_state *)0)->name) }
	FIELD(url, TEXT), FIELD(fetched, SIGNED64), FIELD(changed, SIGNED64), FIELD(tried, SIGNED64),
	FIELD(next, SIGNED64), FIELD(failures, NUMBER32), FIELD(bytes, NUMBER64), FIELD(mtime_ns, SIGNED64),
	FIELD(digest, NUMBER64), FIELD(lines, NUMBER32), FIELD(rules, NUMBER32), FIELD(format, TEXT), FIELD(etag, TEXT),
	FIELD(modified, TEXT), FIELD(error, TEXT),
#undef FIELD
};
static const char first_line[] = "dejunk-list 1";

/* a decimal number up to @max; false: not one */
static bool number(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 20)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (s.p[i] < '0' || s.p[i] > '9' || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

static bool printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return true;
}

static bool take(struct list_state *s, const struct field *f, struct span value)
{
	char *to = (char *)s + f->at;
	uint64_t n;

	switch (f->kind) {
	case TEXT:
		if (value.len >= f->len || !printable(value))
			return false;
		memset(to, 0, f->len);
		memcpy(to, value.p, value.len);
		return true;
	case NUMBER32:
		if (!number(value, UINT32_MAX, &n))
			return false;
		*(uint32_t *)(void *)to = (uint32_t)n;
		return true;
	default:
		if (!number(value, f->kind == SIGNED64 ? INT64_MAX : UINT64_MAX, &n))
			return false;
		*(uint64_t *)(void *)to = n;
		return true;
	}
}

bool list_state_parse(struct span text, struct list_state *out)
{
	struct span line = span_until(text, '\n');
	bool good = text.len < LIST_STATE_BYTES && span_eq(line, span_of(first_line));

	memset(out, 0, sizeof(*out));
	while (good && text.len > line.len) {
		struct span key;

		text = span_skip(text, line.len + 1);
		line = span_until(text, '\n');
		key = span_until(line, ' ');
		for (size_t i = 0; i < ARRAY_LEN(field) && good; i++)
			if (span_eq(key, span_of(field[i].key)))
				good = key.len < line.len && take(out, &field[i], span_skip(line, key.len + 1));
	}
	if (good && out->url[0])
		return true;
	memset(out, 0, sizeof(*out));
	return false;
}

size_t list_state_format(const struct list_state *s, char out[LIST_STATE_BYTES])
{
	size_t len = (size_t)snprintf(out, LIST_STATE_BYTES, "%s\n", first_line);

	for (size_t i = 0; i < ARRAY_LEN(field); i++) {
		const void *from = (const char *)s + field[i].at;

		if (field[i].kind == TEXT)
			len += (size_t)snprintf(out + len, LIST_STATE_BYTES - len, "%s %s\n", field[i].key, (const char *)from);
		else
			len += (size_t)snprintf(out + len, LIST_STATE_BYTES - len, "%s %" PRIu64 "\n", field[i].key,
						field[i].kind == NUMBER32 ? *(const uint32_t *)from : *(const uint64_t *)from);
	}
	return len;
}

void list_state_text(char *out, size_t out_len, struct span text)
{
	size_t n = text.len < out_len ? text.len : out_len - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = text.p[i] < ' ' || text.p[i] > '~' ? '?' : text.p[i];
	memset(out + n, 0, out_len - n);
}
