/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_adblock filter_parse filter_pattern filter_options filter_domain list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz host addr regex */
/* the world's lists, as they were on one day: every line is accounted for */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "list.h"
#include "list_adblock.h"
#include "shared.h"

static const struct adblock_row {
	const char *name;
	uint32_t lines, kind[FILTER_KINDS];	/* comments, used, cosmetic, browser-only, modifiers unsupported, invalid */
	uint32_t off;			/* of the comments: filters for other platforms */
	uint32_t control;		/* of the cosmetic: options of network filters */
	uint32_t network, cosmetic;	/* the CENSUS beside the lists, which knows no platforms; 0: it does not say */
} adblock_rows[] = {
	{ "adguard-base.txt.xz", 157479, { 15494, 81731, 54769, 5436, 49, 0 }, 114, 359, 87645, 54454 },
	{ "adguard-cookie-notices.txt.xz", 23314, { 2849, 2623, 17842, 0, 0, 0 }, 7, 0, 2625, 17847 },
	{ "adguard-mobile.txt.xz", 8690, { 1148, 1488, 6051, 2, 1, 0 }, 1, 2, 0, 0 },
	{ "adguard-social.txt.xz", 16596, { 836, 624, 15136, 0, 0, 0 }, 5, 0, 0, 0 },
	{ "adguard-tracking.txt.xz", 168607, { 3741, 164153, 705, 1, 7, 0 }, 23, 0, 164182, 707 },
	{ "adguard-url-tracking.txt.xz", 3631, { 1166, 2464, 1, 0, 0, 0 }, 1, 0, 2464, 2 },
	{ "easylist-cookie.txt.xz", 28961, { 1174, 2054, 25733, 0, 0, 0 }, 0, 2, 0, 0 },
	{ "easylist.txt.xz", 78454, { 762, 50061, 24586, 3042, 3, 0 }, 0, 168, 53274, 24418 },
	{ "easyprivacy.txt.xz", 56850, { 1486, 55328, 34, 0, 2, 0 }, 0, 0, 55330, 34 },
	{ "hagezi-light.adblock.txt.xz", 44465, { 13, 44452, 0, 0, 0, 0 }, 0, 0, 44452, 0 },
	{ "hagezi-multi.adblock.txt.xz", 161643, { 13, 161630, 0, 0, 0, 0 }, 0, 0, 0, 0 },
	{ "hagezi-pro-2025.adblock.txt.xz", 172387, { 13, 172374, 0, 0, 0, 0 }, 0, 0, 172374, 0 },
	{ "hagezi-pro-mini.adblock.txt.xz", 79500, { 13, 79487, 0, 0, 0, 0 }, 0, 0, 0, 0 },
	{ "oisd-small.adblock.txt.xz", 47920, { 12, 47908, 0, 0, 0, 0 }, 0, 0, 47908, 0 },
	{ "peter-lowe.adblock.txt.xz", 3613, { 99, 3514, 0, 0, 0, 0 }, 0, 0, 3514, 0 },
	{ "ublock-filters.txt.xz", 25586, { 2804, 5113, 17430, 87, 152, 0 }, 616, 855, 6425, 16973 },
	{ "ublock-privacy.txt.xz", 2150, { 381, 1180, 343, 2, 244, 0 }, 47, 0, 1461, 355 },
};

static const struct names_row {
	const char *name;
	enum list_format format;
	uint32_t lines, comments, used, skipped, invalid;
} names_rows[] = {
	{ "adaway.hosts.xz", LIST_HOSTS, 10607, 4065, 6540, 2, 0 },
	{ "anudeep-adservers.hosts.xz", LIST_HOSTS, 42541, 10, 42531, 0, 0 },
	{ "hagezi-light.hosts.xz", LIST_HOSTS, 93041, 12, 93029, 0, 0 },
	{ "stevenblack-2024.hosts.xz", LIST_HOSTS, 123071, 6679, 116378, 14, 0 },
	{ "hagezi-light.domains.xz", LIST_DOMAINS, 93041, 12, 93029, 0, 0 },
	{ "hagezi-pro-2025.domains.xz", LIST_DOMAINS, 172386, 12, 172374, 0, 0 },
	{ "stevenblack-2026.domains.xz", LIST_DOMAINS, 90927, 7119, 83808, 0, 0 },
	{ "oisd-small.wildcard.domains.xz", LIST_WILDCARD, 47922, 14, 47908, 0, 0 },
};

static struct span open_list(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "lists/%s", name);
	return shared_read(path);
}

static void count_filter(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	(void)f, (void)line, (void)number;
	++*(uint32_t *)ctx;
}

static void count_name(void *ctx, struct span name, uint32_t line)
{
	(void)name, (void)line;
	++*(uint32_t *)ctx;
}

static void check_adblock(const struct adblock_row *row, struct span text)
{
	uint32_t used = 0, network, cosmetic, all = 0;
	struct adblock_sink sink = { count_filter, NULL, &used };
	struct adblock_stats s;

	assert_int_equal(list_detect(text), LIST_ADBLOCK);
	list_adblock_read(text, &sink, &s);
	for (int k = 0; k < FILTER_KINDS; k++) {
		if (s.kind[k] != row->kind[k])
			fail_msg("%s: %u lines are %s, not %u", row->name, s.kind[k], filter_kind_text((enum filter_kind)k), row->kind[k]);
		all += s.kind[k];
	}
	assert_int_equal(s.lines, row->lines);
	assert_int_equal(all, s.lines);
	assert_int_equal(used, s.kind[FILTER_NETWORK]);
	assert_int_equal(s.reason[FILTER_REASON_SWITCHED_OFF], row->off);
	assert_int_equal(s.reason[FILTER_REASON_COSMETIC_CONTROL], row->control);
	/* the census was made by another reader */
	network = s.kind[FILTER_NETWORK] + s.kind[FILTER_BROWSER] + s.kind[FILTER_MODIFIER] + s.kind[FILTER_INVALID] + row->control;
	cosmetic = s.kind[FILTER_COSMETIC] - row->control;
	if (row->network == 0)
		return;
	assert_true(network <= row->network && cosmetic <= row->cosmetic);
	assert_int_equal(network + cosmetic + row->off, row->network + row->cosmetic);
}

static void accounts_for_lists_of_filters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(adblock_rows) / sizeof(adblock_rows[0]); i++) {
		struct span text = open_list(adblock_rows[i].name);

		if (!text.p)
			skip();
		check_adblock(&adblock_rows[i], text);
		free((char *)(uintptr_t)text.p);
	}
}

static void accounts_for_lists_of_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names_rows) / sizeof(names_rows[0]); i++) {
		const struct names_row *row = &names_rows[i];
		struct span text = open_list(row->name);
		uint32_t names = 0;
		struct list_sink sink = { count_name, &names };
		struct list_stats s;

		if (!text.p)
			skip();
		assert_int_equal(list_detect(text), row->format);
		if (row->format == LIST_HOSTS)
			list_hosts_read(text, &sink, &s);
		else if (row->format == LIST_DOMAINS)
			list_domains_read(text, &sink, &s);
		else
			list_wildcard_read(text, &sink, &s);
		assert_int_equal(s.lines, row->lines);
		assert_int_equal(s.comments, row->comments);
		assert_int_equal(s.used, row->used);
		assert_int_equal(s.skipped, row->skipped);
		assert_int_equal(s.invalid, row->invalid);
		assert_int_equal(s.lines, s.comments + s.used + s.skipped + s.invalid);
		assert_int_equal(names, s.names);
		free((char *)(uintptr_t)text.p);
	}
}

/* it lies among the lists, and blocking all it names would block the world */
static void refuses_the_public_suffix_list(void **state)
{
	struct span text = open_list("public_suffix_list.dat.xz");

	(void)state;
	if (!text.p)
		skip();
	assert_int_equal(list_detect(text), LIST_SUFFIXES);
	free((char *)(uintptr_t)text.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_for_lists_of_filters),
		cmocka_unit_test(accounts_for_lists_of_names),
		cmocka_unit_test(refuses_the_public_suffix_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
