/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_checksum - does a filter list agree with the checksum that it states of itself? */
#include "list_checksum.h"

#include <stdint.h>

#include <openssl/evp.h>

#include "list.h"

enum { TEXT_BYTES = 22 };	/* of 16 bytes in Base64 without padding */

/* the value of a line "! Checksum: VALUE", empty when it is none */
static struct span stated(struct span line)
{
	static const struct span key = SPAN_LIT("checksum");
	size_t n = 0;

	line = span_trim(line);
	if (line.len == 0 || line.p[0] != '!')
		return (struct span){ "", 0 };
	line = span_trim(span_skip(line, 1));
	if (line.len <= key.len || !span_eq_nocase((struct span){ line.p, key.len }, key))
		return (struct span){ "", 0 };
	line = span_skip(line, key.len);
	if (!strchr(" \t-:", line.p[0]))
		return (struct span){ "", 0 };
	while (line.len && strchr(" \t-:", line.p[0]))
		line = span_skip(line, 1);
	while (n < line.len && line.p[n] != ' ' && line.p[n] != '\t' && line.p[n] != '=')
		n++;
	return (struct span){ line.p, n };
}

static void base64(const uint8_t *raw, char out[TEXT_BYTES])
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0; i < TEXT_BYTES; i++) {
		unsigned bit = i * 6, byte = bit / 8;
		unsigned two = (unsigned)raw[byte] << 8 | (byte < 15 ? raw[byte + 1] : 0);

		out[i] = digit[two >> (10 - bit % 8) & 63];
	}
}

/* @part with runs of newlines made one and carriage returns left out; @last: the byte that went in before */
static void add(EVP_MD_CTX *m, struct span part, char *last)
{
	size_t from = 0;

	for (size_t i = 0; i <= part.len; i++) {
		bool drop = i < part.len && (part.p[i] == '\r' || (part.p[i] == '\n' && *last == '\n'));

		if (drop || i == part.len) {
			EVP_DigestUpdate(m, part.p + from, i - from);
			from = i + 1;
		} else {
			*last = part.p[i];
		}
	}
}

/* as add(), but the line that @without begins in is not there */
static bool sum(struct span text, struct span line, char out[TEXT_BYTES])
{
	struct span before = { text.p, (size_t)(line.p - text.p) };
	struct span after = span_skip(text, before.len + line.len);
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	uint8_t raw[EVP_MAX_MD_SIZE];
	char last = '\0';
	bool done;

	if (!m || !EVP_DigestInit_ex(m, EVP_md5(), NULL)) {	/* a libcrypto that has been told not to know it */
		EVP_MD_CTX_free(m);
		return false;
	}
	add(m, before, &last);
	if (after.len && after.p[0] == '\r')
		after = span_skip(after, 1);
	if (after.len && after.p[0] == '\n')
		after = span_skip(after, 1);
	/* empty lines behind it went with its own newline */
	while (after.len && (after.p[0] == '\n' || after.p[0] == '\r'))
		after = span_skip(after, 1);
	add(m, after, &last);
	done = EVP_DigestFinal_ex(m, raw, NULL);
	EVP_MD_CTX_free(m);
	base64(raw, out);
	return done;
}

enum list_checksum list_checksum(struct span text)
{
	struct span rest = text, line, value, seen;
	char found[TEXT_BYTES];

	while (list_line(&rest, &line)) {
		seen = span_trim(line);
		if (seen.len && !strchr("![#", seen.p[0]))
			break;
		value = stated(line);
		if (value.len == 0)
			continue;
		if (!sum(text, line, found))
			return CHECKSUM_NONE;
		return span_eq(value, (struct span){ found, TEXT_BYTES }) ? CHECKSUM_GOOD : CHECKSUM_BAD;
	}
	return CHECKSUM_NONE;
}
