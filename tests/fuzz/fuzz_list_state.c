/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_list_state - links: list_state
 *
 * What is accepted is bounded and printable, and comes back the same when it is written and read again; so does what a
 * server may have sent, once it is made a value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "list_state.h"

static void check(int good)
{
	if (!good)
		abort();
}

static int printable(const char *s, size_t room)
{
	size_t n = strnlen(s, room);

	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return 0;
	return n < room;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct list_state s, again;
	static char text[LIST_STATE_BYTES];
	struct span in = { (const char *)data, size };
	size_t len;

	if (list_state_parse(in, &s)) {
		check(s.url[0] && printable(s.url, sizeof(s.url)) && printable(s.etag, sizeof(s.etag)) &&
		      printable(s.modified, sizeof(s.modified)) && printable(s.error, sizeof(s.error)) &&
		      printable(s.format, sizeof(s.format)));
		check(s.fetched >= 0 && s.changed >= 0 && s.tried >= 0 && s.next >= 0 && s.mtime_ns >= 0);
	} else {
		strcpy(s.url, "http://a.example/");
		list_state_text(s.etag, sizeof(s.etag), in);
		list_state_text(s.error, sizeof(s.error), in);
	}
	len = list_state_format(&s, text);
	check(len < LIST_STATE_BYTES && list_state_parse((struct span){ text, len }, &again));
	check(memcmp(&s, &again, sizeof(s)) == 0);
	return 0;
}
