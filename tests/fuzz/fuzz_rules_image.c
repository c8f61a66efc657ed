/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_rules_image - links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz
 *
 * The input is an image of its own (first byte even), or changes to a good one (odd): two bytes of place, one of value.
 * Property: what rules_map() accepts can be asked anything, and every origin it gives is one it can explain or deny.
 */
#include <fcntl.h>
#include <stdint.h>

#include "../unit/rules_text.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t good[1 << 16];
static size_t good_bytes;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct text_file lists[] = { { "l", { "0.0.0.0 a.test\n0.0.0.0 b.c.test\n", 32 } },
		{ "f", SPAN_LIT("||y.test^\n/ads/*$image,redirect=1x1.gif\n@@||x.test/ads\n||e.d.test^$removeparam=q,domain=p.*\n"
				"||b.c.test^$cookie=u\n/b[0-9]+\\.gif/$~script\n@@||b.c.test^$cookie,to=c.test|~z.test\n") },
		{ "g", SPAN_LIT("||good.y.test^\n") },
		{ NULL, { NULL, 0 } } };
	struct rules_report report;
	int fd = rules_text_build(SPAN_LIT("lists: [{file: l}, {file: f}, {file: f, groups: g}, "
					   "{file: g, allow: yes}, {file: f, mode: observe}]\ngroups: {g: [10.0.0.0/8, \"2001:db8::/32\"]}\nrules:\n"
					   "- {allow: everything, host: [x.test, =y.test], url: \"*/ok/*\"}\n"
					   "- {block: connections, host: [d.test, e.d.test], group: g, between: \"sun 22:00-06:00\"}\n"
					   "- {block: connections, address: [198.51.100.0/24]}\n"
					   "- {block: requests, url: [\"*/ads/*\", \"/b[0-9]+/\"], third_party: yes}\n"
					   "- {allow: images, size: 88x31, host: d.test}\n- {block: images, size: [1x1, 468x60]}\n"
					   "- {limit: cookies, name: [\"_ga*\", \"/^u/\"]}\n"), lists, &report);
	ssize_t n = fd < 0 ? -1 : pread(fd, good, sizeof(good), 0);

	(void)argc, (void)argv;
	if (n <= 0)
		abort();
	good_bytes = (size_t)n;
	close(fd);
	rules_report_fini(&report);
	return 0;
}

static void explain(struct rules *r, struct verdict v)
{
	struct rules_origin o;
	char text[100];

	if (v.name.len > 253)
		abort();
	if (v.origin && rules_origin(r, v.origin, &o, text, sizeof(text)))
		for (size_t i = 0; i < o.text.len; i++)	/* every byte of it is there */
			text[0] ^= o.text.p[i];
}

static void explain_filters(struct rules *r, const struct facts *f)
{
	for (int kind = RULES_FILTER_PARAMS; kind <= RULES_FILTER_COOKIES; kind++) {
		struct rules_filter out[3];
		size_t n = rules_filters(r, f, (enum rules_filter_kind)kind, out, 3);

		if (n > 3)
			abort();
		for (size_t i = 0; i < n; i++)
			explain(r, (struct verdict){ .origin = out[i].origin, .name = out[i].text.len > 253 ? (struct span){ "", 0 } : out[i].text });
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const hosts[] = { "x.test", "z.y.test", "e.d.test", "b.c.test", "192.0.2.1", "" };
	static uint8_t changed[sizeof(good)];
	struct station who = { .hw_known = true };
	struct addr b = { 0 };
	struct rules *r;
	char why[200];
	int fd;

	if (size && data[0] & 1) {
		memcpy(changed, good, good_bytes);
		for (size_t i = 1; i + 2 < size; i += 3)
			changed[(data[i] | (size_t)data[i + 1] << 8) % good_bytes] = data[i + 2];
		data = changed;
		size = good_bytes;
	}
	fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		abort();
	r = rules_map(fd, why, sizeof(why));
	close(fd);
	if (!r)
		return 0;
	addr_parse(&who.ip, SPAN_LIT("10.0.0.1"));
	addr_parse(&b, SPAN_LIT("198.51.100.9"));
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		char url[64];
		struct facts f = { .host = span_of(hosts[i]), .source_host = SPAN_LIT("p.test"), .third_party = true,
				   .type = i % 2 ? RES_IMAGE : RES_UNKNOWN, .client = &who, .server = &b, .minute = 9000 };
		enum rules_action action;
		bool certain;
		uint32_t at = 0;

		snprintf(url, sizeof(url), "%s/ads/b12.gif", hosts[i]);
		f.url = span_of(url);
		explain(r, rules_connection(r, &who, &b, f.host, 100));
		explain(r, rules_request(r, &f));
		explain(r, rules_image_size(r, &f, 1, 1));
		explain(r, rules_cookie(r, &f, SPAN_LIT("_ga_1")));
		rules_may_touch_sizes(r, &f);
		explain(r, rules_observe(r, &f));
		explain_filters(r, &f);
		while ((at = rules_candidate(r, &f, KIND_IMAGES, at, &action, &certain)))
			;
	}
	for (uint32_t i = 0; i < rules_host_count(r); i++)
		if (rules_host(r, i).len > 253)
			abort();
	for (uint32_t i = 0; i < rules_net_count(r); i++)
		if (rules_net(r, i).bits > 128)
			abort();
	rules_next_boundary(r, 1000000000);
	rules_put(r);
	return 0;
}
