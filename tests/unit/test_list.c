/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz host addr */
/* wildcard lists, dnsmasq configurations and response policy zones: which names a line gives, and of what kind it is */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "list.h"
#include "shared.h"

typedef void (*reader)(struct span, const struct list_sink *, struct list_stats *);

static void note(void *ctx, struct span name, uint32_t line)
{
	char *out = ctx;

	assert_int_not_equal(line, 0);
	snprintf(out + strlen(out), 512 - strlen(out), "%s%.*s", *out ? " " : "", SPAN_FMT(name));
}

enum kind { COMMENT, USED, SKIPPED, INVALID };

struct row {
	const char *text, *names;
	enum kind kind;
	const char *why;
};

static void check(reader read, const char *before, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char names[512] = "", text[512];
		struct list_sink sink = { note, names };
		struct list_stats s, b = { 0 };

		if (*before)
			read(span_of(before), &sink, &b);
		names[0] = '\0';
		snprintf(text, sizeof(text), "%s%s", before, rows[i].text);
		read(guard_copy(span_of(text)), &sink, &s);
		assert_int_equal(s.lines, s.comments + s.used + s.skipped + s.invalid);

		uint32_t kinds[] = { s.comments - b.comments, s.used - b.used, s.skipped - b.skipped, s.invalid - b.invalid };

		for (int k = 0; k < 4; k++)
			if (kinds[k] != (k == (int)rows[i].kind))
				fail_msg("%s (%s): kind %d counted %u times", rows[i].text, rows[i].why, k, kinds[k]);
		if (strcmp(names, rows[i].names))
			fail_msg("%s (%s): gave \"%s\"", rows[i].text, rows[i].why, names);
	}
}

static void reads_wildcards(void **state)
{
	static const struct row rows[] = {
		{ "*.a.test", "a.test", USED, "the name and all below it" },
		{ "a.test", "a.test", USED, "a plain name among them" },
		{ "*.B.test # why\r", "b.test", USED, "case, comment, CRLF" },
		{ "*.m\xc3\xbcller.test", "xn--mller-kva.test", USED, "IDN" },
		{ "# c", "", COMMENT, "comment" }, { "\r", "", COMMENT, "blank" },
		{ "*.test", "", INVALID, "a top-level domain is never listed" },
		{ "*", "", INVALID, "everything" }, { "a.*.test", "", INVALID, "a wildcard inside" },
		{ "*.\xff.test", "", INVALID, "no UTF-8" }, { "*.localhost", "", SKIPPED, "the machine itself" },
	};

	(void)state;
	check(list_wildcard_read, "", rows, sizeof(rows) / sizeof(rows[0]));
}

static void reads_dnsmasq(void **state)
{
	static const struct row rows[] = {
		{ "address=/a.test/", "a.test", USED, "no address: NXDOMAIN" },
		{ "address=/a.test/0.0.0.0", "a.test", USED, "nowhere" }, { "address=/a.test/::", "a.test", USED, "nowhere" },
		{ "address=/a.test/127.0.0.1", "a.test", USED, "nowhere" }, { "address=/a.test/#", "a.test", USED, "nowhere" },
		{ "address=/a.test/b.test/0.0.0.0", "a.test b.test", USED, "several names" },
		{ "local=/a.test/", "a.test", USED, "only what is local" }, { "server=/a.test/", "a.test", USED, "the same" },
		{ "server=/a.test/ # ads", "a.test", USED, "comment behind" },
		{ "address=/.a.test/", "a.test", USED, "leading dot" }, { "address=/*.a.test/", "a.test", USED, "wildcard" },
		{ "address=/a.test/192.0.2.1", "", SKIPPED, "sent somewhere" },
		{ "server=/a.test/192.0.2.53", "", SKIPPED, "asked elsewhere" },
		{ "server=/a.test/#", "", SKIPPED, "asked as usual: an exception" },
		{ "no-resolv", "", SKIPPED, "another option" }, { "cache-size=1000", "", SKIPPED, "another option" },
		{ "address=/#/", "", INVALID, "every name there is" }, { "address=/test/", "", INVALID, "a top-level domain" },
		{ "address=/a.test", "", INVALID, "no second slash" }, { "# c", "", COMMENT, "comment" },
		{ "0.0.0.0 a.test", "", INVALID, "another format" },
	};

	(void)state;
	check(list_dnsmasq_read, "", rows, sizeof(rows) / sizeof(rows[0]));
}

static void reads_zones(void **state)
{
	static const struct row rows[] = {
		{ "a.test CNAME .", "a.test", USED, "NXDOMAIN" }, { "*.a.test\tIN\tCNAME\t.", "a.test", USED, "those below" },
		{ "a.test 60 IN CNAME *.", "a.test", USED, "no data" }, { "a.test IN 1h cname rpz-drop.", "a.test", USED, "drop" },
		{ "a.test.rpz.zone. CNAME .", "a.test", USED, "absolute: below the zone" },
		{ "a.test A 0.0.0.0", "a.test", USED, "nowhere" }, { "a.test AAAA ::", "a.test", USED, "nowhere" },
		{ "a.test CNAME . ; ads", "a.test", USED, "comment" },
		{ "\tCNAME .", "before.test", USED, "the owner of the record before" },
		{ "a.test CNAME rpz-passthru.", "", SKIPPED, "an exception" },
		{ "a.test CNAME rpz-tcp-only.", "", SKIPPED, "another policy" },
		{ "a.test CNAME walled.garden.test.", "", SKIPPED, "sent somewhere" }, { "a.test A 192.0.2.1", "", SKIPPED, "the same" },
		{ "32.1.2.0.192.rpz-ip CNAME .", "", SKIPPED, "a trigger on addresses" },
		{ "ns.a.test.rpz-nsdname CNAME .", "", SKIPPED, "a trigger on servers" },
		{ "@ NS localhost.", "", SKIPPED, "the zone itself" }, { "$TTL 60", "", SKIPPED, "directive" },
		{ "; c", "", COMMENT, "comment" }, { "", "", COMMENT, "no line at all is counted as none" },
		{ "a.test BOGUS .", "", INVALID, "no type" }, { "test CNAME .", "", INVALID, "a top-level domain" },
		{ "a.test", "", INVALID, "no record" },
	};
	char names[512] = "";
	struct list_sink sink = { note, names };
	struct list_stats s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (*rows[i].text)
			check(list_rpz_read, "$ORIGIN rpz.zone.\nbefore.test TXT x\n", &rows[i], 1);
	/* the record of authority goes on over lines, and says what the zone is called */
	list_rpz_read(SPAN_LIT("rpz.zone. SOA ns.rpz.zone. me.rpz.zone. (\n 1\n 2 3\n 4 5 )\na.test.rpz.zone. CNAME .\n"), &sink, &s);
	assert_string_equal(names, "a.test");
	assert_int_equal(s.skipped, 4);
	assert_int_equal(s.used, 1);
}

static void survives_bad_input(void **state)
{
	static const reader readers[] = { list_wildcard_read, list_dnsmasq_read, list_rpz_read };
	static const char *const starts[] = { "*.", "address=/", "a.test CNAME " };
	size_t len = 1000000;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 3; i++) {
		char names[512] = "";
		struct list_sink sink = { note, names };
		struct list_stats s;

		for (int fill = 0; fill < 256; fill += 85) {	/* a million of one byte: NUL, U, 0xaa, 0xff */
			memset(text, fill, len);
			memcpy(text, starts[i], strlen(starts[i]));
			readers[i]((struct span){ text, len }, &sink, &s);
			assert_int_equal(s.lines, 1);
			assert_int_equal(s.invalid, 1);
		}
		readers[i](guard_copy(SPAN_LIT("\0\0\n\r\n\r\r\n*.\n/\n.\n*\n( ( (\n")), &sink, &s);
		assert_int_equal(s.used, 0);
		assert_int_equal(s.lines, s.comments + s.used + s.skipped + s.invalid);
	}
	free(text);
}

static void recognises(void **state)
{
	static const struct { const char *text; enum list_format format; } rows[] = {
		{ "# wildcards\n*.a.test\nb.test\n*.c.test\n", LIST_WILDCARD },
		{ "# dnsmasq\nserver=/a.test/\n", LIST_DNSMASQ }, { "local=/a.test/\n", LIST_DNSMASQ },
		{ "; zone\na.test IN CNAME .\n*.a.test IN CNAME .\n", LIST_RPZ },
	};
	struct span real = shared_read("lists/oisd-small.wildcard.domains.xz");
	char *names = calloc(1, 512);
	struct list_sink sink = { note, names };
	struct list_stats s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(list_detect(span_of(rows[i].text)), rows[i].format);
	if (real.p) {
		assert_int_equal(list_detect(real), LIST_WILDCARD);
		list_wildcard_read(real, &sink, &s);
		assert_int_equal(s.lines, 47922);
		assert_int_equal(s.invalid + s.skipped, 0);
		assert_int_equal(s.used, s.names);
		assert_int_equal(s.used + s.comments, s.lines);
		assert_int_equal(s.comments, 14);
	}
	free((char *)(uintptr_t)real.p);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_wildcards),
		cmocka_unit_test(reads_dnsmasq),
		cmocka_unit_test(reads_zones),
		cmocka_unit_test(survives_bad_input),
		cmocka_unit_test(recognises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
