/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_rules_cache - links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz rules_cache maker
 *
 * The input is a cache of its own (first byte even), or changes to a good one (odd): two bytes of place, one of value; then,
 * where the second bit is set, the sum of what stands before the image is made good again.
 * Property: a cache that is not byte for byte the good one is never used.
 */
#include <fcntl.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "../unit/rules_text.h"
#include "rules_cache.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct text_file files[] = {
	{ "rules.yaml", { "lists: [{file: l}, {file: m}]\n", 30 } }, { "l", { "0.0.0.0 a.test\n", 15 } }, { NULL, { NULL, 0 } },
};
static const struct rules_opener texts = { text_open, files };
static uint8_t good[1 << 14];
static size_t good_bytes;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct rules_inputs in;
	struct rules_opener opener = { rules_inputs_open, &in };
	struct rules_report report;
	int image, cache = memfd_create("cache", 0);
	ssize_t n;

	(void)argc, (void)argv;
	rules_report_init(&report);
	rules_inputs_init(&in, &texts);
	image = rules_load("rules.yaml", 1, &opener, &report);
	if (image < 0 || rules_cache_save(cache, image, &in, span_of("warning\n")) < 0)
		abort();
	n = pread(cache, good, sizeof(good), 0);
	if (n <= 0 || n == sizeof(good))
		abort();
	good_bytes = (size_t)n;
	close(image);
	close(cache);
	rules_inputs_fini(&in);
	rules_report_fini(&report);
	return 0;
}

/* the numbers of struct cache_head: sizes of inputs and text, then the sum of both */
static void make_good(uint8_t *p)
{
	uint64_t bytes[2];
	XXH128_hash_t h;

	memcpy(bytes, p + 32, sizeof(bytes));
	if (bytes[0] > good_bytes || bytes[1] > good_bytes || 72 + bytes[0] + bytes[1] > good_bytes)
		return;
	h = XXH3_128bits(p + 72, bytes[0] + bytes[1]);
	memcpy(p + 56, &h.low64, 8);
	memcpy(p + 64, &h.high64, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t changed[sizeof(good)];
	int cache = memfd_create("cache", 0), fd;
	struct rules_inputs in;
	bool renew, same;
	char *text;

	if (size && data[0] & 1) {
		memcpy(changed, good, good_bytes);
		for (size_t i = 1; i + 2 < size; i += 3)
			changed[(data[i] | (size_t)data[i + 1] << 8) % good_bytes] = data[i + 2];
		if (data[0] & 2)
			make_good(changed);
		data = changed;
		size = good_bytes;
	}
	same = size == good_bytes && memcmp(data, good, size) == 0;
	if (cache < 0 || write(cache, data, size) != (ssize_t)size)
		abort();
	rules_inputs_init(&in, &texts);
	if ((rules_cache_load(cache, "rules.yaml", 7, &in, &text, &renew, &fd) == CACHE_USED) != same)
		abort();
	if (fd >= 0)
		close(fd);
	free(text);
	rules_inputs_fini(&in);
	close(cache);
	return 0;
}
