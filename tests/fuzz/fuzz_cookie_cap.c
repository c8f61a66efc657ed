/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_cookie_cap - links: cookie_cap cookie
 *
 * Properties: a value that changed is one cookie of the same name, value, domain and path, that lives no longer than
 * asked for and has the SameSite asked for; every attribute but those stays byte for byte; a deletion never changes; what
 * was written is not changed again.
 */
#include "check.h"
#include "cookie_cap.h"

static void check(struct span in, const struct cookie_cap *cap, time_t now)
{
	char *out = malloc(in.len + COOKIE_CAP_MORE), *again = malloc(in.len + 2 * COOKIE_CAP_MORE);
	size_t len = cookie_cap_write(in, cap, now, out);
	struct span rest = in, raw, name, value, left = { out, len }, other;
	struct set_cookie before, after;

	if (len == 0) {
		free(out);
		free(again);
		return;
	}
	CHECK(len <= in.len + COOKIE_CAP_MORE);
	CHECK(cookie_set_parse(in, &before) && !cookie_is_deletion(&before, now));
	CHECK(cookie_set_parse((struct span){ out, len }, &after) && !cookie_is_deletion(&after, now));
	CHECK(span_eq(before.name, after.name) && span_eq(before.value, after.value));
	if (cap->max_age > 0)
		CHECK(after.max_age.len ? after.max_age_s <= cap->max_age :
		      after.expires.len && after.expires_at <= now + cap->max_age);
	else
		CHECK(span_eq(before.max_age, after.max_age) && span_eq(before.expires, after.expires));
	CHECK(cap->same_site == SAME_SITE_AS_SENT ? span_eq(before.same_site, after.same_site) : after.same_site.len >= 3);
	/* part by part the same, but for the values of three attributes */
	for (bool first = true; cookie_attribute_next(&rest, &raw, &name, &value); first = false) {
		CHECK(cookie_attribute_next(&left, &other, &name, &value));
		if (first || !(span_eq_nocase(name, SPAN_LIT("max-age")) || span_eq_nocase(name, SPAN_LIT("expires")) ||
			       span_eq_nocase(name, SPAN_LIT("samesite"))))
			CHECK(span_eq(raw, other));
	}
	CHECK(cookie_cap_write((struct span){ out, len }, cap, now, again) == 0);
	free(out);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = copy_of((struct span){ (const char *)data, size });
	uint32_t dice = cut_seed(data, size);

	check(in, &(struct cookie_cap){ 1 + cut_next(&dice) % 100000, SAME_SITE_AS_SENT }, 1767225600);
	check(in, &(struct cookie_cap){ -1, (enum same_site)(1 + cut_next(&dice) % 3) }, 1767225600);
	check(in, &(struct cookie_cap){ 999999999999, SAME_SITE_LAX }, 0);
	drop_copy(in);
	return 0;
}
