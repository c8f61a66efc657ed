/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shared - real data that lies beside the repository; a test skips where it is missing */
#ifndef DEJUNK_SHARED_H
#define DEJUNK_SHARED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "span.h"

/* shared_read - the whole of ../shared/data/@name (or $DEJUNK_SHARED/data/@name), .gz, .xz and .zst unpacked
 * Returns bytes that the caller frees, or a null span after a line that says what was skipped. */
static inline struct span shared_read(const char *name)
{
	const char *root = getenv("DEJUNK_SHARED");
	struct span none = { NULL, 0 };
	char command[1024];
	size_t len = 0, room = 1 << 20;
	char *p = malloc(room);

	snprintf(command, sizeof(command), "%s '%s/data/%s' 2>/dev/null",
		 strstr(name, ".zst") ? "zstd -dc" : strstr(name, ".gz") ? "gzip -dc" : strstr(name, ".xz") ? "xz -dc" : "cat",
		 root ? root : "../shared", name);
	FILE *f = popen(command, "r");

	while (f && p) {
		size_t n = fread(p + len, 1, room - len, f);

		len += n;
		if (n == 0)
			break;
		if (len == room)
			p = realloc(p, room *= 2);
	}
	if (f)
		pclose(f);
	if (len)
		return (struct span){ p, len };
	free(p);
	printf("SKIP: no data/%s beside the repository\n", name);
	return none;
}

#endif
