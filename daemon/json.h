/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json - write JSON (RFC 8259) to a stream; commas and escapes are taken care of
 *
 * Writes only.  Errors are the stream's: look at ferror() at the end.
 */
#ifndef DEJUNK_JSON_H
#define DEJUNK_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool more;	/* a value stands before: a comma is due */
};

/* Every function takes a key, NULL inside an array and for the outermost value. */
void json_open(struct json *j, const char *key, char bracket);	/* '{' or '[' */
void json_close(struct json *j, char bracket);			/* '}' or ']' */
/* json_string - bytes that are not UTF-8 become U+FFFD; a NULL @text is null */
void json_string(struct json *j, const char *key, const char *text);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* json_raw - members that are JSON already ("\"a\":1,\"b\":2"), "" for none */
void json_raw(struct json *j, const char *members);

#endif
