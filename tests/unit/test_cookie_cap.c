/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cookie_cap - Set-Cookie values under a lifetime and a SameSite that lists ask for
 *
 * links: cookie_cap cookie
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "container.h"
#include "cookie_cap.h"
#include "guard.h"
#include "seed.h"
#include "shared.h"

/* 2026-01-01 00:00:00 UTC */
static const time_t now = 1767225600;

static void lifetimes_and_same_site_are_written_in_place(void **state)
{
	static const struct { const char *why; struct span in; int64_t max_age; enum same_site site; const char *want; } rows[] = {
		{ "longer",			SPAN_LIT("a=1; Max-Age=86400; Path=/"), 3600, 0,	"a=1; Max-Age=3600; Path=/" },
		{ "shorter",			SPAN_LIT("a=1; Max-Age=60"), 3600, 0,			NULL },
		{ "just as long",		SPAN_LIT("a=1; Max-Age=3600"), 3600, 0,			NULL },
		{ "later date",			SPAN_LIT("a=1;expires=Thu, 30 Mar 2028 20:21:54 GMT ;secure"), 3600, 0,
		  "a=1;expires=Thu, 01 Jan 2026 01:00:00 GMT ;secure" },
		{ "sooner date",		SPAN_LIT("a=1; Expires=Thu, 01 Jan 2026 00:59:59 GMT"), 3600, 0, NULL },
		{ "a date as old servers write it", SPAN_LIT("a=1; Expires=Sun, 18-Apr-2094 23:31:53 GMT"), 30, 0,
		  "a=1; Expires=Thu, 01 Jan 2026 00:00:30 GMT" },
		{ "both",			SPAN_LIT("a=1; Expires=Thu, 30 Mar 2028 20:21:54 GMT; max-age=99999"), 3600, 0,
		  "a=1; Expires=Thu, 01 Jan 2026 01:00:00 GMT; max-age=3600" },
		{ "both, the other way round",	SPAN_LIT("a=1; max-age=99999; Expires=Thu, 30 Mar 2028 20:21:54 GMT"), 3600, 0,
		  "a=1; max-age=3600; Expires=Thu, 01 Jan 2026 01:00:00 GMT" },
		{ "Max-Age counts more",	SPAN_LIT("a=1; Expires=Thu, 30 Mar 2028 20:21:54 GMT; Max-Age=60"), 3600, 0, NULL },
		{ "longer, a past date beside it", SPAN_LIT("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9999"), 3600, 0,
		  "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=3600" },
		{ "the last one counts",	SPAN_LIT("a=1; Max-Age=60; Max-Age=9999"), 3600, 0,	"a=1; Max-Age=60; Max-Age=3600" },
		{ "of the session",		SPAN_LIT("a=1; Path=/"), 3600, 0,			"a=1; Path=/; Max-Age=3600" },
		{ "no lifetime that is one",	SPAN_LIT("a=1; Max-Age=soon; Expires=never"), 3600, 0,
		  "a=1; Max-Age=soon; Expires=never; Max-Age=3600" },
		{ "deleted by date",		SPAN_LIT("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), 3600, SAME_SITE_LAX, NULL },
		{ "deleted by Max-Age",		SPAN_LIT("a=; Max-Age=0; Expires=Thu, 30 Mar 2028 20:21:54 GMT"), 3600, 0, NULL },
		{ "deleted by a negative one",	SPAN_LIT("a=; Max-Age=-1"), 3600, SAME_SITE_STRICT,	NULL },
		{ "ignored by user agents",	SPAN_LIT("; Max-Age=9999"), 3600, 0,			NULL },
		{ "same site added",		SPAN_LIT("a=1; Path=/"), -1, SAME_SITE_LAX,		"a=1; Path=/; SameSite=Lax" },
		{ "same site changed",		SPAN_LIT("a=1; samesite = none ; Secure"), -1, SAME_SITE_STRICT,
		  "a=1; samesite = Strict ; Secure" },
		{ "same site as it is",		SPAN_LIT("a=1; SameSite=LAX"), -1, SAME_SITE_LAX,	NULL },
		{ "same site without a value",	SPAN_LIT("a=1; SameSite"), -1, SAME_SITE_LAX,		"a=1; SameSite; SameSite=Lax" },
		{ "all at once",		SPAN_LIT("a=1; SameSite=None; Max-Age=9999; Expires=Thu, 30 Mar 2028 20:21:54 GMT"),
		  3600, SAME_SITE_LAX, "a=1; SameSite=Lax; Max-Age=3600; Expires=Thu, 01 Jan 2026 01:00:00 GMT" },
		{ "nothing asked for",		SPAN_LIT("a=1; Max-Age=9999"), -1, 0,			NULL },
		{ "a clamped Max-Age",		SPAN_LIT("a=1; Max-Age=99999999999999999999999999"), 3600, 0, "a=1; Max-Age=3600" },
		{ "it is the name of the cookie", SPAN_LIT("Max-Age=9999"), 60, 0,			"Max-Age=9999; Max-Age=60" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cookie_cap cap = { rows[i].max_age, rows[i].site };
		char out[256 + COOKIE_CAP_MORE];
		size_t len = cookie_cap_write(guard_copy(rows[i].in), &cap, now, out);

		seed("cookie_cap", rows[i].in);
		if (!rows[i].want ? len != 0 : !span_eq((struct span){ out, len }, span_of(rows[i].want)))
			fail_msg("%s: %.*s", rows[i].why, (int)len, out);
	}
}

/* the part that says @what goes, so that what is left can be compared */
static size_t without(struct span value, char *out, bool life)
{
	struct span rest = value, raw, name, text;
	size_t len = 0;

	for (bool first = true; cookie_attribute_next(&rest, &raw, &name, &text); first = false) {
		if (!first && (span_eq_nocase(name, SPAN_LIT("max-age")) || span_eq_nocase(name, SPAN_LIT("expires")) ? life :
			       span_eq_nocase(name, SPAN_LIT("samesite"))))
			continue;
		len += (size_t)sprintf(out + len, "%.*s;", SPAN_FMT(raw));
	}
	return len;
}

static void real_cookies_live_no_longer_and_keep_the_rest(void **state)
{
	struct span all = shared_read("cookies/setcookie.tsv.gz"), rest = all;
	struct cookie_cap cap = { 3600, SAME_SITE_LAX };
	/* of the day the data was recorded, so that what was alive then is */
	time_t then = 1774990000;	/* 2026-03-31 */
	unsigned lines = 0, deletions = 0, changed = 0;

	(void)state;
	if (!all.p)
		skip();
	while (rest.len) {
		struct span line = span_until(rest, '\n'), value = line, was, is;
		char out[4096 + COOKIE_CAP_MORE], old[4200], new[4200];
		struct set_cookie before, after;
		size_t len;

		rest = span_skip(rest, line.len + 1);
		if (line.len == 0 || line.p[0] == '#' || line.len > 4096)
			continue;
		for (int i = 0; i < 4; i++)
			value = span_skip(value, span_until(value, '\t').len + 1);
		lines++;
		len = cookie_cap_write(value, &cap, then, out);
		if (!cookie_set_parse(value, &before) || cookie_is_deletion(&before, then)) {
			deletions++;
			assert_int_equal(len, 0);
			continue;
		}
		if (len == 0)
			continue;
		changed++;
		assert_true(cookie_set_parse((struct span){ out, len }, &after));
		assert_false(cookie_is_deletion(&after, then));
		assert_true(after.max_age.len ? after.max_age_s <= 3600 : after.expires.len && after.expires_at <= then + 3600);
		assert_true(span_eq_nocase(after.same_site, SPAN_LIT("lax")));
		was = (struct span){ old, without(value, old, true) };
		is = (struct span){ new, without((struct span){ out, len }, new, true) };
		assert_true(span_eq(was, is));
	}
	printf("%u Set-Cookie values: %u deletions left alone, %u shortened or changed\n", lines, deletions, changed);
	assert_true(lines > 10000 && deletions > 100 && changed > 5000);
	free((void *)(uintptr_t)all.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lifetimes_and_same_site_are_written_in_place),
		cmocka_unit_test(real_cookies_live_no_longer_and_keep_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
