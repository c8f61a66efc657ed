/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cookie - split Cookie and Set-Cookie values into cookies, attributes and dates */
#include "cookie.h"

#include <limits.h>	/* of the C library */
#include <stdint.h>

bool cookie_attribute_next(struct span *rest, struct span *raw, struct span *name, struct span *value)
{
	if (!rest->p)
		return false;
	*raw = span_until(*rest, ';');
	/* what follows the last semicolon is a part too: a null pointer marks the end */
	if (raw->len == rest->len)
		*rest = (struct span){ NULL, 0 };
	else
		*rest = span_skip(*rest, raw->len + 1);
	struct span left = span_until(*raw, '=');

	if (left.len == raw->len) {
		*name = span_trim(*raw);
		*value = (struct span){ raw->p + raw->len, 0 };
	} else {
		*name = span_trim(left);
		*value = span_trim(span_skip(*raw, left.len + 1));
	}
	return true;
}

/* a pair without "=" is a value without a name, as user agents store it (RFC 6265bis s.5.6) */
static void nameless(struct span raw, struct span *name, struct span *value)
{
	if (name->len && !memchr(raw.p, '=', raw.len)) {
		*value = *name;
		*name = (struct span){ name->p, 0 };
	}
}

bool cookie_next(struct span *rest, struct cookie *out)
{
	while (cookie_attribute_next(rest, &out->raw, &out->name, &out->value)) {
		if (span_trim(out->raw).len == 0)
			continue;
		nameless(out->raw, &out->name, &out->value);
		return true;
	}
	return false;
}

/* max_age_parse - RFC 6265 s.5.2.2; false: the attribute is ignored */
static bool max_age_parse(struct span s, long *out)
{
	bool negative = s.len && *s.p == '-';
	long n = 0;

	if (negative)
		s = span_skip(s, 1);
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		n = n > (LONG_MAX - digit) / 10 ? LONG_MAX : n * 10 + digit;
	}
	*out = negative ? -n : n;
	return true;
}

static void attribute(struct set_cookie *c, struct span name, struct span value)
{
	long seconds;
	time_t at;

	if (span_eq_nocase(name, SPAN_LIT("expires"))) {
		if (cookie_date(value, &at)) {
			c->expires = value;
			c->expires_at = at;
		}
	} else if (span_eq_nocase(name, SPAN_LIT("max-age"))) {
		if (max_age_parse(value, &seconds)) {
			c->max_age = value;
			c->max_age_s = seconds;
		}
	} else if (span_eq_nocase(name, SPAN_LIT("domain"))) {
		c->domain = value;
	} else if (span_eq_nocase(name, SPAN_LIT("path"))) {
		c->path = value;
	} else if (span_eq_nocase(name, SPAN_LIT("samesite"))) {
		c->same_site = value;
	} else if (span_eq_nocase(name, SPAN_LIT("secure"))) {
		c->secure = true;
	} else if (span_eq_nocase(name, SPAN_LIT("httponly"))) {
		c->http_only = true;
	}
}

bool cookie_set_parse(struct span value, struct set_cookie *out)
{
	const struct span none = { "", 0 };
	struct span rest = value, raw, name, text;

	*out = (struct set_cookie){ .expires = none, .max_age = none, .domain = none, .path = none,
				    .same_site = none };
	if (!cookie_attribute_next(&rest, &raw, &out->name, &out->value))
		return false;
	nameless(raw, &out->name, &out->value);
	while (cookie_attribute_next(&rest, &raw, &name, &text))
		attribute(out, name, text);
	return out->name.len || out->value.len;
}

bool cookie_is_deletion(const struct set_cookie *c, time_t now)
{
	if (c->max_age.len)
		return c->max_age_s <= 0;
	return c->expires.len && c->expires_at <= now;
}

bool cookie_lives(struct span set_cookie_value)
{
	struct span rest = set_cookie_value, raw, name, value;

	if (!cookie_attribute_next(&rest, &raw, &name, &value))
		return false;
	while (cookie_attribute_next(&rest, &raw, &name, &value))
		if (span_eq_nocase(name, SPAN_LIT("expires")) || span_eq_nocase(name, SPAN_LIT("max-age")))
			return true;
	return false;
}

/* --- dates, RFC 6265 s.5.1.1 ---------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_delimiter(unsigned char c)
{
	return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
		(c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

/* number - @low to @high digits at the start of @s that no further digit follows; moves @s on */
static bool number(struct span *s, unsigned low, unsigned high, int *out)
{
	unsigned n = 0;
	int value = 0;

	while (n < s->len && n < high && is_digit(s->p[n]))
		value = value * 10 + (s->p[n++] - '0');
	if (n < low || (n < s->len && is_digit(s->p[n])))
		return false;
	*s = span_skip(*s, n);
	*out = value;
	return true;
}

static bool clock_time(struct span s, int *hour, int *minute, int *second)
{
	if (!number(&s, 1, 2, hour) || s.len == 0 || *s.p != ':')
		return false;
	s = span_skip(s, 1);
	if (!number(&s, 1, 2, minute) || s.len == 0 || *s.p != ':')
		return false;
	s = span_skip(s, 1);
	return number(&s, 1, 2, second);
}

/* month_of - 1 to 12, 0: none */
static int month_of(struct span s)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	if (s.len < 3)
		return 0;
	for (int m = 0; m < 12; m++)
		if (span_eq_nocase((struct span){ s.p, 3 }, (struct span){ names + m * 3, 3 }))
			return m + 1;
	return 0;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* seconds_at - since 1970, UTC; the proleptic Gregorian calendar in years that begin in March */
static time_t seconds_at(int year, int month, int day, int hour, int minute, int second)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;

	return (time_t)(((days * 24 + hour) * 60 + minute) * 60 + second);
}

/* what the tokens of a date have told so far */
struct date {
	bool has_time, has_day, has_month, has_year;
	int hour, minute, second, day, month, year;
};

/* date_token - the first of time, day, month, year that is missing and fits takes the token */
static void date_token(struct date *d, struct span token)
{
	struct span s = token;
	int n, h, m, sec;

	if (!d->has_time && clock_time(token, &h, &m, &sec)) {
		d->has_time = true;
		d->hour = h;
		d->minute = m;
		d->second = sec;
	} else if (!d->has_day && number(&s, 1, 2, &n)) {
		d->has_day = true;
		d->day = n;
	} else if (!d->has_month && (n = month_of(token)) != 0) {
		d->has_month = true;
		d->month = n;
	} else if (s = token, !d->has_year && number(&s, 2, 4, &n)) {
		d->has_year = true;
		d->year = n < 70 ? n + 2000 : n < 100 ? n + 1900 : n;
	}
}

bool cookie_date(struct span text, time_t *out)
{
	struct date d = { .has_time = false };
	size_t at = 0;

	while (at < text.len) {
		size_t begin = at;

		while (at < text.len && !is_delimiter((unsigned char)text.p[at]))
			at++;
		if (at > begin)
			date_token(&d, (struct span){ text.p + begin, at - begin });
		at++;
	}
	if (!d.has_time || !d.has_day || !d.has_month || !d.has_year || d.year < 1601 || d.hour > 23 ||
	    d.minute > 59 || d.second > 59 || d.day < 1 || d.day > month_days(d.year, d.month))
		return false;
	*out = seconds_at(d.year, d.month, d.day, d.hour, d.minute, d.second);
	return true;
}
