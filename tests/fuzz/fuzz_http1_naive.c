/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_http1_naive - links: http1_frame http1_head
 *
 * Property: what http1_head and http1_frame let through is one whole message to a second, slow and plain reader of
 * RFC 9112, too, with the same parts and the same end (../unit/http1_naive.h).  The input is read as it is, and as a
 * list of words of HTTP.
 */
#include "check.h"
#include "../unit/http1_naive.h"

static void one(struct span all)
{
	static const enum http1_method methods[] = { METHOD_GET, METHOD_HEAD, METHOD_CONNECT };
	struct span in = copy_of(all);
	const char *wrong = naive_differs(in, false, METHOD_GET);

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]) && !wrong; i++)
		wrong = naive_differs(in, true, methods[i]);
	if (wrong)
		fprintf(stderr, "%s:\n%.*s\n", wrong, SPAN_FMT(in));
	CHECK(!wrong);
	drop_copy(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[16384];
	struct span all = { (const char *)data, size };

	one(all);
	one(naive_compose(all, text, sizeof(text)));
	return 0;
}
