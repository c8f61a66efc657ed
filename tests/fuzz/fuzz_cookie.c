/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_cookie - links: cookie
 *
 * Properties: the parts and their semicolons are the whole value; a cookie's name and value lie in its
 * part; a date that is read is the same when written and read again; a deletion has a lifetime.
 */
#include <time.h>

#include "check.h"
#include "cookie.h"

static void dates(struct span s)
{
	time_t at, again;
	struct tm t;
	char text[64];

	if (!cookie_date(s, &at))
		return;
	CHECK(gmtime_r(&at, &t) != NULL);
	CHECK(strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &t) > 0);
	CHECK(cookie_date(span_of(text), &again) && again == at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = copy_of((struct span){ (const char *)data, size });
	struct span rest = in, raw, name, value;
	struct set_cookie set;
	struct cookie c;
	size_t parts = 0, bytes = 0;

	while (cookie_attribute_next(&rest, &raw, &name, &value)) {
		parts++;
		bytes += raw.len;
		CHECK(name.p >= raw.p && name.p + name.len <= raw.p + raw.len);
		CHECK(value.p >= raw.p && value.p + value.len <= raw.p + raw.len);
	}
	CHECK(bytes + parts - 1 == in.len);
	for (rest = in; cookie_next(&rest, &c); ) {
		CHECK(c.name.len + c.value.len <= c.raw.len && !memchr(c.raw.p, ';', c.raw.len));
		CHECK(!memchr(c.name.p, '=', c.name.len));
	}
	if (cookie_set_parse(in, &set)) {
		CHECK(!cookie_is_deletion(&set, 0) || cookie_lives(in));
		CHECK(!cookie_is_deletion(&set, 0) || cookie_is_deletion(&set, 1));
	}
	dates(in);
	drop_copy(in);
	return 0;
}
