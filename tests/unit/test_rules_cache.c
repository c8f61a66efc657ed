/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz rules_cache maker */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "rules.h"
#include "rules_cache.h"

static char dir[] = "/tmp/dejunk-test-cache.XXXXXX", yaml[64], list[64];
static const struct timespec long_ago[2] = { { 1000000000, 1 }, { 1000000000, 1 } };

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(yaml, sizeof(yaml), "%s/rules.yaml", dir);
	snprintf(list, sizeof(list), "%s/list.txt", dir);
	put(yaml, "lists: [{file: list.txt}, {file: absent.txt}]\nrules:\n- {block: requests, url: \"/ad[0-9]/\"}\n");
	put(list, "0.0.0.0 one.example\n0.0.0.0 two.example\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(yaml);
	unlink(list);
	return rmdir(dir);
}

static unsigned opens;		/* how often the rules' files were asked for */

static int open_counted(void *ctx, const char *path)
{
	opens++;
	return rules_open_directly(ctx, path);
}

static const struct rules_opener directly = { open_counted, NULL };

/* a build of what is there; its cache in a memfd */
static int built(void)
{
	int cache = memfd_create("cache", 0), image;
	struct rules_report report;
	struct rules_inputs in;
	struct rules_opener opener = { rules_inputs_open, &in };
	char *text;

	rules_report_init(&report);
	rules_inputs_init(&in, &directly);
	image = rules_load(yaml, 1, &opener, &report);
	assert_true(image >= 0);
	text = rules_report_text(&report);
	assert_non_null(strstr(text, "absent.txt"));
	assert_int_equal(in.count, 3);
	assert_int_equal(rules_cache_save(cache, image, &in, span_of(text)), 0);
	close(image);
	free(text);
	rules_inputs_fini(&in);
	rules_report_fini(&report);
	return cache;
}

static bool blocks(const struct rules *r, const char *name)
{
	return rules_connection(r, NULL, NULL, span_of(name), 0).action == ACT_BLOCK;
}

/* what loading answers; what it loads is right */
static enum cache_answer loads(int cache, const char *path, bool *renew)
{
	struct rules_inputs in;
	enum cache_answer answer;
	struct rules *r;
	char why[200], *text;
	int fd;

	rules_inputs_init(&in, &directly);
	answer = rules_cache_load(cache, path, 42, &in, &text, renew, &fd);
	if (answer == CACHE_USED) {
		assert_non_null(strstr(text, "absent.txt"));
		r = rules_map(fd, why, sizeof(why));
		assert_non_null(r);
		assert_int_equal(rules_generation(r), 42);
		assert_true(blocks(r, "www.one.example"));
		assert_false(blocks(r, "three.example"));
		rules_put(r);
		assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
		assert_true(close(fd) == 0);
	} else {
		assert_int_equal(fd, -1);
		assert_null(text);
	}
	free(text);
	rules_inputs_fini(&in);
	return answer;
}

static void is_used_while_nothing_changes(void **state)
{
	bool renew;
	int cache;

	(void)state;
	cache = built();
	opens = 0;
	assert_int_equal(loads(cache, yaml, &renew), CACHE_USED);
	assert_int_equal(opens, 3);
	assert_false(renew);		/* of the files' times nothing is known yet: they are too new */
	assert_int_equal(loads(cache, "/tmp/other.yaml", &renew), CACHE_OUTDATED);
	close(cache);
}

static void follows_every_file(void **state)
{
	char absent[64];
	bool renew;
	int cache;

	(void)state;
	cache = built();
	put(list, "0.0.0.0 one.example\n0.0.0.0 six.example\n");	/* as long as before */
	assert_int_equal(loads(cache, yaml, &renew), CACHE_OUTDATED);
	put(list, "0.0.0.0 one.example\n");
	assert_int_equal(loads(cache, yaml, &renew), CACHE_OUTDATED);
	put(list, "0.0.0.0 one.example\n0.0.0.0 two.example\n");
	assert_int_equal(loads(cache, yaml, &renew), CACHE_USED);	/* by its content */
	snprintf(absent, sizeof(absent), "%s/absent.txt", dir);
	put(absent, "now.it.is.there.example\n");
	assert_int_equal(loads(cache, yaml, &renew), CACHE_OUTDATED);
	unlink(absent);
	assert_int_equal(mkdir(absent, 0700), 0);		/* cannot be read in another way */
	assert_int_equal(loads(cache, yaml, &renew), CACHE_OUTDATED);
	rmdir(absent);
	put(yaml, "lists: [{file: list.txt}, {file: absent.txt}]\nrules:\n- {block: requests, url: \"/ad[0-8]/\"}\n");
	assert_int_equal(loads(cache, yaml, &renew), CACHE_OUTDATED);
	close(cache);
}

/* what a cache says of inputs was changed: the sum of that part, so that it is believed */
static void sum_anew(uint8_t *p)
{
	uint64_t bytes[2];
	XXH128_hash_t h;

	memcpy(bytes, p + 32, sizeof(bytes));
	h = XXH3_128bits(p + 72, bytes[0] + bytes[1]);
	memcpy(p + 56, &h.low64, 8);
	memcpy(p + 64, &h.high64, 8);
}

/* times tell only when they are old: a file that changed a moment ago may change again in the same tick.  Here the
 * cache says that they were, so they are believed, and a change that hides behind them is not seen. */
static void believes_old_times(void **state)
{
	struct cache_input *fact;
	struct stat st;
	uint8_t *p;
	size_t len;
	bool renew;
	int cache;

	(void)state;
	utimensat(AT_FDCWD, list, long_ago, 0);		/* the ctime stays new: not settled */
	cache = built();
	assert_int_equal(fstat(cache, &st), 0);
	len = (size_t)st.st_size;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, cache, 0);
	assert_true(p != MAP_FAILED);
	fact = (void *)(p + 72);			/* after the head */
	assert_int_equal(fact->size, strlen("lists: [{file: list.txt}, {file: absent.txt}]\nrules:\n- {block: requests, url: \"/ad[0-9]/\"}\n"));
	assert_int_equal(fact->settled, 0);
	fact->settled = 1;
	fact->hash[0]++;				/* another content */
	sum_anew(p);
	assert_int_equal(loads(cache, yaml, &renew), CACHE_BROKEN);	/* the times were enough; the sum is wrong now */
	fact->settled = 0;
	sum_anew(p);
	assert_int_equal(loads(cache, yaml, &renew), CACHE_OUTDATED);	/* the content was looked at */
	munmap(p, len);
	close(cache);
}

/* any byte changed, any length cut: never used, never a crash */
static void sees_all_damage(void **state)
{
	enum cache_answer answer;
	struct stat st;
	bool renew;
	int cache;

	(void)state;
	cache = built();
	assert_int_equal(fstat(cache, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 1 + at / 512) {
		uint8_t byte, other;

		assert_int_equal(pread(cache, &byte, 1, at), 1);
		other = byte ^ 0x41;
		assert_int_equal(pwrite(cache, &other, 1, at), 1);
		answer = loads(cache, yaml, &renew);
		assert_int_not_equal(answer, CACHE_USED);
		assert_int_equal(pwrite(cache, &byte, 1, at), 1);
	}
	assert_int_equal(loads(cache, yaml, &renew), CACHE_USED);
	for (off_t len = st.st_size - 1; len >= 0; len -= 1 + len / 50) {
		assert_int_equal(ftruncate(cache, len), 0);
		answer = loads(cache, yaml, &renew);
		assert_true(answer == CACHE_BROKEN || answer == CACHE_FOREIGN);
	}
	close(cache);
}

/* all sums are good, and yet it is not ours, or no image, or one that is not to be believed */
static void sums_alone_are_not_enough(void **state)
{
	static const struct { size_t at; bool from_image; enum cache_answer answer; } rows[] = {
		{ 0, false, CACHE_FOREIGN },	/* the magic */
		{ 8, false, CACHE_FOREIGN },	/* the version */
		{ 16, false, CACHE_FOREIGN },	/* who made it */
		{ 24, false, CACHE_FOREIGN },
		{ 0, true, CACHE_BROKEN },	/* the image's magic */
		{ 8, true, CACHE_BROKEN },	/* and version */
		{ 16, true, CACHE_BROKEN },	/* and size */
	};
	uint64_t part[3];
	struct stat st;
	uint8_t *p;
	bool renew;
	int cache;

	(void)state;
	cache = built();
	assert_int_equal(fstat(cache, &st), 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, cache, 0);
	assert_true(p != MAP_FAILED);
	memcpy(part, p + 32, sizeof(part));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t at = rows[i].at + (rows[i].from_image ? 72 + part[0] + part[1] : 0), len = (size_t)st.st_size - 16;

		for (int twice = 0; twice < 2; twice++) {
			XXH128_hash_t h;

			p[at] ^= 0x20;
			h = XXH3_128bits(p, len);
			memcpy(p + len, &h, sizeof(h));
			assert_int_equal(loads(cache, yaml, &renew), twice ? CACHE_USED : rows[i].answer);
		}
	}
	munmap(p, (size_t)st.st_size);
	close(cache);
}

/* who is full says so */
static void a_full_disk_is_an_error(void **state)
{
	struct rules_report report;
	struct rules_inputs in;
	struct rules_opener opener = { rules_inputs_open, &in };
	int full = open("/dev/full", O_WRONLY), image;

	(void)state;
	rules_report_init(&report);
	rules_inputs_init(&in, &directly);
	image = rules_load(yaml, 1, &opener, &report);
	assert_int_equal(rules_cache_save(full, image, &in, span_of("")), -ENOSPC);
	rules_inputs_fini(&in);
	assert_int_equal(rules_cache_save(full, image, &in, span_of("")), -EINVAL);	/* of nothing */
	rules_report_fini(&report);
	close(image);
	close(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_used_while_nothing_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(follows_every_file, setup, teardown),
		cmocka_unit_test_setup_teardown(believes_old_times, setup, teardown),
		cmocka_unit_test_setup_teardown(sees_all_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(sums_alone_are_not_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
