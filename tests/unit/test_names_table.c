/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: names_table host addr list_hosts list_domains list_wildcard list_dnsmasq list_rpz list_detect */
/* a million names: found, not found, small; and the real lists by their counts */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "list.h"
#include "names_table.h"

static void name_of(unsigned i, char out[64])
{
	static const char *const words[] = { "ads", "track", "pixel", "stats", "cdn" };

	snprintf(out, 64, "%s%x.%s.example%u.test", words[i % 5], i * 2654435761u, words[i / 5 % 5], i % 1000);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct built {
	struct names_builder b;
	struct names_table t;
	uint32_t dropped[256];
};

static void fold(struct built *x)
{
	assert_true(names_fold(&x->b, x->dropped));
	x->t = (struct names_table){ x->b.seed, x->b.bucket, x->b.place, x->b.bloom, x->b.buckets, x->b.bloom_words, x->b.count };
	assert_true(names_table_open(&x->t, x->b.buckets * NAMES_BUCKET));
}

static uint32_t where_at(const struct names_table *t, int64_t place)
{
	uint32_t where;

	assert_true(place >= 0 && names_entry(t, (uint64_t)place, &where));
	return where;
}

static void unbuild(struct built *x)
{
	names_builder_fini(&x->b);
}

static void a_million_names(void **state)
{
	enum { COUNT = 1000000 };
	struct built x = { .b.seed = 0x1234567890abcdef };
	double began = seconds();
	char name[64], host[80];
	struct span part;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		name_of(i, name);
		names_add(&x.b, span_of(name), names_where(i % 3, i));
	}
	fold(&x);
	assert_true(seconds() - began < 10);	/* sanitized; make bench has the real figure */
	assert_int_equal(x.b.count, COUNT);
	assert_true(x.b.buckets * (sizeof(*x.b.bucket) + NAMES_BUCKET * sizeof(*x.b.place)) + x.b.bloom_words * sizeof(*x.b.bloom) <= COUNT * 14u);
	for (unsigned i = 0; i < COUNT; i += 7) {
		int64_t at;

		name_of(i, name);
		snprintf(host, sizeof(host), "www.%s", name);
		at = names_find(&x.t, span_of(host), &part);
		assert_true(at >= 0);
		assert_int_equal(where_at(&x.t, at), names_where(i % 3, i));
		assert_true(span_eq(part, span_of(name)));
		snprintf(host, sizeof(host), "x%s", name);
		assert_true(names_find(&x.t, span_of(host), &part) < 0);
	}
	unbuild(&x);
}

static void the_first_of_equal_names_stays(void **state)
{
	struct built x = { .b.seed = 5 };
	struct span part;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		names_add(&x.b, i % 2 ? SPAN_LIT("a.test") : SPAN_LIT("b.test"), names_where(i / 1000, i));
	fold(&x);
	assert_int_equal(x.b.count, 2);
	assert_int_equal(where_at(&x.t, names_find(&x.t, SPAN_LIT("a.test"), &part)), names_where(0, 1));
	assert_int_equal(x.dropped[0], 998);
	assert_int_equal(x.dropped[1], 1000);
	assert_true(names_find(&x.t, SPAN_LIT("test"), &part) < 0);
	assert_true(names_find(&x.t, SPAN_LIT(""), &part) < 0);
	unbuild(&x);
	x = (struct built){ .b.seed = 5 };
	fold(&x);
	assert_true(names_find(&x.t, SPAN_LIT("a.test"), &part) < 0);
	unbuild(&x);
}

static bool opens(struct names_table *t, struct names_bucket *bucket, size_t buckets, size_t places, size_t bloom_words,
		  size_t count)
{
	static uint64_t bloom[2] = { ~(uint64_t)0, ~(uint64_t)0 };
	static uint32_t place[3 * NAMES_BUCKET];

	*t = (struct names_table){ 1, bucket, place, bloom, buckets, bloom_words, count };
	return names_table_open(t, places);
}

static void damaged_tables_are_survived(void **state)
{
	struct names_bucket bucket[3] = { { .used = 0 } };
	struct names_table t;
	struct span part;
	uint32_t where;

	(void)state;
	assert_false(opens(&t, bucket, 3, 3 * NAMES_BUCKET, 0, 7));
	assert_false(opens(&t, bucket, 0, 0, 2, 0));
	assert_false(opens(&t, bucket, 0, 0, 0, 7));
	assert_false(opens(&t, bucket, 0, NAMES_BUCKET, 0, 0));
	assert_false(opens(&t, bucket, 3, 3 * NAMES_BUCKET - 1, 2, 7));
	assert_false(opens(&t, bucket, 3, 3 * NAMES_BUCKET, 2, 3 * NAMES_BUCKET + 1));
	assert_true(names_find(&t, SPAN_LIT("a.b.test"), &part) < 0);
	assert_false(names_entry(&t, 0, &where));
	for (unsigned used = NAMES_BUCKET + 1; used <= UINT16_MAX; used += used / 8) {	/* more than there is room for */
		int64_t at;

		for (int i = 0; i < 3; i++)
			bucket[i].used = (uint16_t)used;
		assert_true(opens(&t, bucket, 3, 3 * NAMES_BUCKET, 2, 7));
		at = names_find(&t, SPAN_LIT("a.b.test"), &part);
		assert_true(at < 3 * NAMES_BUCKET);
		assert_true(names_entry(&t, 3 * NAMES_BUCKET - 1, &where));
		assert_false(names_entry(&t, 3 * NAMES_BUCKET, &where));
	}
	for (int i = 0; i < 3; i++) {	/* all spill, for ever */
		bucket[i].used = NAMES_BUCKET;
		bucket[i].spill = 1;
	}
	assert_true(opens(&t, bucket, 3, 3 * NAMES_BUCKET, 2, 3 * NAMES_BUCKET));
	assert_true(names_find(&t, SPAN_LIT("a.b.test"), &part) < 0);
	assert_false(names_entry(&t, 3 * NAMES_BUCKET, &where));
	bucket[2].used = 1;
	assert_true(names_entry(&t, 2 * NAMES_BUCKET, &where));
	assert_false(names_entry(&t, 2 * NAMES_BUCKET + 1, &where));
}

static void counted(void *ctx, struct span name, uint32_t line)
{
	names_add(ctx, name, names_where(0, line));
}

/* @text is read: every line is of one kind; returns the distinct names */
static size_t census(struct span text, enum list_format expected, struct list_stats *stats)
{
	struct built x = { .b.seed = 9 };
	struct list_sink sink = { counted, &x.b };
	size_t n;

	assert_int_equal(list_detect(text), expected);
	if (expected == LIST_HOSTS)
		list_hosts_read(text, &sink, stats);
	else
		list_domains_read(text, &sink, stats);
	assert_int_equal(stats->lines, stats->comments + stats->used + stats->skipped + stats->invalid);
	fold(&x);
	n = x.b.count;
	unbuild(&x);
	return n;
}

static void reads_what_lists_hold(void **state)
{
	struct list_stats s;

	(void)state;
	assert_int_equal(census(SPAN_LIT("\xef\xbb\xbf# c\r\n0.0.0.0 a.test b.test # c\r\n\r\n::1 localhost\r\n:: c.test\r\n"
					 "127.0.0.1\tD.test\r\n192.0.2.1 nas.test\r\n0.0.0.0\r\nnonsense here\r\n0.0.0.0 no_dot"),
				LIST_HOSTS, &s), 4);
	assert_int_equal(s.lines, 10);
	assert_int_equal(s.comments, 2);
	assert_int_equal(s.used, 3);
	assert_int_equal(s.skipped, 2);
	assert_int_equal(s.invalid, 3);
	assert_int_equal(census(SPAN_LIT("# c\na.test\nB.test # c\n\nm\xc3\xbcller.test\nlocalhost\nbad name\n\xff.test\na.test"),
				LIST_DOMAINS, &s), 3);
	assert_int_equal(s.skipped, 1);
	assert_int_equal(s.invalid, 2);
	assert_int_equal(s.names, 4);
}

static void detects(void **state)
{
	static const struct { const char *text; enum list_format format; } rows[] = {
		{ "", LIST_EMPTY }, { "# only\n\n# comments\n", LIST_EMPTY },
		{ "<!DOCTYPE html>\n<html>\n", LIST_HTML }, { "\n  <html>", LIST_HTML },
		{ "\x1f\x8b\x08\n", LIST_COMPRESSED },
		{ "[Adblock Plus 2.0]\n||a.test^\n", LIST_ADBLOCK }, { "! Title: x\na.test\n", LIST_ADBLOCK },
		{ "||a.test^\n||b.test^$third-party\n", LIST_ADBLOCK }, { "##.ad\na.test##.x\n", LIST_ADBLOCK },
		{ "*.a.test\n*.b.test\n", LIST_WILDCARD }, { "address=/a.test/0.0.0.0\nlocal=/b.test/\n", LIST_DNSMASQ },
		{ "$TTL 60\n@ SOA a. b. 1 2 3 4 5\na.test CNAME .\n", LIST_RPZ },
		{ "a.test\nb.test\n", LIST_DOMAINS }, { "0.0.0.0 a.test\n", LIST_HOSTS },
		{ "some words that are no list\nand more of them\n", LIST_UNKNOWN },
		{ "\x01\x02\x03\n\x04\n", LIST_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (list_detect(span_of(rows[i].text)) != rows[i].format)
			fail_msg("row %zu: %s", i, list_format_name(list_detect(span_of(rows[i].text))));
}

static struct span unpack(const char *name)
{
	const char *root = getenv("DEJUNK_SHARED");
	size_t len = 0, room = 1 << 20;
	char command[1024], *p = malloc(room);
	FILE *f;

	snprintf(command, sizeof(command), "xz -dc '%s/data/lists/%s.xz' 2>/dev/null", root ? root : "../shared", name);
	f = popen(command, "r");
	for (size_t n; f && (n = fread(p + len, 1, room - len, f)) > 0; len += n)
		if (len + n == room)
			p = realloc(p, room *= 2);
	if (f)
		pclose(f);
	return (struct span){ p, len };
}

static void reads_the_real_lists(void **state)
{
	/* distinct names counted with awk and sort on the same files; lines as SOURCES.md has them */
	static const struct { const char *file; enum list_format format; uint32_t lines; size_t names; } lists[] = {
		{ "adaway.hosts", LIST_HOSTS, 10607, 6540 },
		{ "adguard-base.txt", LIST_ADBLOCK, 0, 0 },
		{ "adguard-cookie-notices.txt", LIST_ADBLOCK, 0, 0 },
		{ "adguard-mobile.txt", LIST_ADBLOCK, 0, 0 },
		{ "adguard-social.txt", LIST_ADBLOCK, 0, 0 },
		{ "adguard-tracking.txt", LIST_ADBLOCK, 0, 0 },
		{ "adguard-url-tracking.txt", LIST_ADBLOCK, 0, 0 },
		{ "anudeep-adservers.hosts", LIST_HOSTS, 42541, 42358 },
		{ "easylist-cookie.txt", LIST_ADBLOCK, 0, 0 },
		{ "easylist.txt", LIST_ADBLOCK, 0, 0 },
		{ "easyprivacy.txt", LIST_ADBLOCK, 0, 0 },
		{ "hagezi-light.adblock.txt", LIST_ADBLOCK, 0, 0 },
		{ "hagezi-light.domains", LIST_DOMAINS, 93041, 93029 },
		{ "hagezi-light.hosts", LIST_HOSTS, 93041, 93029 },
		{ "hagezi-multi.adblock.txt", LIST_ADBLOCK, 0, 0 },
		{ "hagezi-pro-2025.adblock.txt", LIST_ADBLOCK, 0, 0 },
		{ "hagezi-pro-2025.domains", LIST_DOMAINS, 172386, 172374 },
		{ "hagezi-pro-mini.adblock.txt", LIST_ADBLOCK, 0, 0 },
		{ "oisd-small.adblock.txt", LIST_ADBLOCK, 0, 0 },
		{ "oisd-small.wildcard.domains", LIST_WILDCARD, 0, 0 },
		{ "peter-lowe.adblock.txt", LIST_ADBLOCK, 0, 0 },
		{ "stevenblack-2024.hosts", LIST_HOSTS, 123071, 116378 },
		{ "stevenblack-2026.domains", LIST_DOMAINS, 90927, 83808 },
		{ "ublock-filters.txt", LIST_ADBLOCK, 0, 0 },
		{ "ublock-privacy.txt", LIST_ADBLOCK, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct span text = unpack(lists[i].file);
		struct list_stats s = { 0 };
		size_t names = 0;

		if (text.len == 0) {
			free((char *)(uintptr_t)text.p);
			print_message("SKIP: no data/lists/%s beside the repository\n", lists[i].file);
			skip();
		}
		if (lists[i].names)
			names = census(text, lists[i].format, &s);
		else
			assert_int_equal(list_detect(text), lists[i].format);
		if (lists[i].names && (names != lists[i].names || s.lines != lists[i].lines))
			fail_msg("%s: %zu names in %u lines", lists[i].file, names, s.lines);
		free((char *)(uintptr_t)text.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_names),
		cmocka_unit_test(the_first_of_equal_names_stays),
		cmocka_unit_test(damaged_tables_are_survived),
		cmocka_unit_test(reads_what_lists_hold),
		cmocka_unit_test(detects),
		cmocka_unit_test(reads_the_real_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
