/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_url - links: url http1_head
 *
 * Properties: a host that is understood has no delimiter in it, and is found again in the URL that is
 * written; a buffer one byte shorter than that URL is refused.  The input is a request head, and a Referer.
 */
#include "check.h"
#include "url.h"

static struct http1_head head;
static char out[LIMIT_HEAD_BYTES + 2048];

static void host_is_clean(struct span host)
{
	for (size_t i = 0; i < host.len; i++)
		CHECK((unsigned char)host.p[i] > ' ' && !strchr("/?#@,\\;\"<>", host.p[i]));
	CHECK(!host.len || *host.p == '[' || !memchr(host.p, ':', host.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = copy_of((struct span){ (const char *)data, size });
	struct span host = url_host(in), ext = url_extension(in);
	struct url u;

	host_is_clean(host);
	CHECK(ext.len <= 8);
	if (http1_request_parse(in, 0, &head) == PARSE_DONE && url_from_request(&head, &u) == PARSE_DONE) {
		host_is_clean(u.host);
		CHECK(u.path.len && u.query.len < u.path.len + 1);
		size_t n = url_write(&u, u.host, out, sizeof(out));

		CHECK((n == 0) == (u.form == URL_AUTHORITY));
		CHECK(n < u.host.len || memcmp(out, u.host.p, u.host.len) == 0);
		CHECK(n == 0 || url_write(&u, u.host, out, n - 1) == 0);
	}
	drop_copy(in);
	return 0;
}
