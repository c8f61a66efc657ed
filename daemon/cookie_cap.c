/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cookie_cap - write a Set-Cookie value again with a shorter life, or another SameSite */
#include "cookie_cap.h"

#include <inttypes.h>
#include <stdio.h>

struct edit {
	struct span at;		/* what of the value is replaced; a null pointer: nothing */
	char with[40];
};

static const char *const same_site_texts[] = {
	[SAME_SITE_NONE] = "None", [SAME_SITE_LAX] = "Lax", [SAME_SITE_STRICT] = "Strict",
};

static bool date_text(char *out, size_t room, time_t t)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;
	int n;

	if (!gmtime_r(&t, &tm))
		return false;
	/* IMF-fixdate, RFC 9110 s.5.6.7; names of days and months whatever the locale */
	n = snprintf(out, room, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + tm.tm_wday * 3, tm.tm_mday,
		     months + tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return n > 0 && (size_t)n < room;
}

/* does it live longer than @seconds?  A cookie of the session does */
static bool lives_longer(const struct set_cookie *c, int64_t seconds, time_t now)
{
	if (c->max_age.len)
		return c->max_age_s > seconds;
	return c->expires.len == 0 || c->expires_at - now > seconds;
}

/* write @value with the edits, which are in the order of their places; returns where it ends */
static char *write_edits(struct span value, const struct edit *const *edit, size_t edits, char *out)
{
	size_t from = 0;

	for (size_t i = 0; i < edits; i++) {
		size_t at, len = strlen(edit[i]->with);

		if (!edit[i]->at.p)
			continue;
		at = (size_t)(edit[i]->at.p - value.p);
		memcpy(out, value.p + from, at - from);
		out += at - from;
		memcpy(out, edit[i]->with, len);
		out += len;
		from = at + edit[i]->at.len;
	}
	memcpy(out, value.p + from, value.len - from);
	return out + (value.len - from);
}

static void in_order(const struct edit **a, const struct edit **b)
{
	const struct edit *x = *a;

	if ((*a)->at.p <= (*b)->at.p)
		return;
	*a = *b;
	*b = x;
}

size_t cookie_cap_write(struct span value, const struct cookie_cap *cap, time_t now, char *out)
{
	struct edit age = { .at = { NULL, 0 } }, expires = { .at = { NULL, 0 } }, site = { .at = { NULL, 0 } };
	const struct edit *edits[] = { &age, &expires, &site };
	const char *site_text = same_site_texts[cap->same_site];
	bool shorten, add_age = false, add_site = false;
	struct set_cookie c;
	char *end;

	if (!cookie_set_parse(value, &c) || cookie_is_deletion(&c, now))
		return 0;
	shorten = cap->max_age > 0 && lives_longer(&c, cap->max_age, now);
	if (shorten && c.max_age.len) {
		age.at = c.max_age;
		snprintf(age.with, sizeof(age.with), "%" PRId64, cap->max_age);
	}
	if (shorten && c.expires.len && c.expires_at - now > cap->max_age &&
	    date_text(expires.with, sizeof(expires.with), now + cap->max_age))
		expires.at = c.expires;
	add_age = shorten && !age.at.p && !expires.at.p;
	if (site_text && !span_eq_nocase(c.same_site, span_of(site_text))) {
		site.at = c.same_site.len ? c.same_site : site.at;
		add_site = !site.at.p;
		snprintf(site.with, sizeof(site.with), "%s", site_text);
	}
	if (!shorten && !site.at.p && !add_site)
		return 0;
	in_order(&edits[0], &edits[1]);
	in_order(&edits[1], &edits[2]);
	in_order(&edits[0], &edits[1]);
	end = write_edits(value, edits, 3, out);
	if (add_age)
		end += sprintf(end, "; Max-Age=%" PRId64, cap->max_age);
	if (add_site)
		end += sprintf(end, "; SameSite=%s", site_text);
	return (size_t)(end - out);
}
