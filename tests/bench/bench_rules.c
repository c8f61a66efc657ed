/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_rules - the tree's rules.yaml over a corpus of real requests; and one million names
 *
 * links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz
 */
#include "bench.h"
#include "../unit/rules_text.h"
#include "../unit/shared.h"

#include "host.h"
#include "names_table.h"
#include "url.h"

enum { REQUESTS_MAX = 100000, NAMES = 1000000 };

struct request {
	struct span url;		/* without its scheme */
	struct span host, source;	/* as written */
	enum resource type;
	/* made ready for rules_request() alone */
	struct facts facts;
	struct span host_norm;
	bool blocked;
};

static struct request requests[REQUESTS_MAX];
static size_t request_count;

static struct span keep(const char *p, size_t len)
{
	char *copy = malloc(len + 1);

	WRONG_IF(!copy, "out of memory");
	memcpy(copy, p, len);
	copy[len] = '\0';
	return (struct span){ copy, len };
}

static enum resource resource_of(struct span word)
{
	static const struct { const char *word; enum resource type; } known[] = {
		{ "main_frame", RES_DOCUMENT }, { "sub_frame", RES_SUBDOCUMENT }, { "image", RES_IMAGE },
		{ "stylesheet", RES_STYLE }, { "script", RES_SCRIPT }, { "xhr", RES_XHR }, { "font", RES_FONT },
		{ "media", RES_MEDIA }, { "websocket", RES_WEBSOCKET }, { "other", RES_OTHER },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_eq(word, span_of(known[i].word)))
			return known[i].type;
	return RES_UNKNOWN;
}

/* read_corpus - false: there is none */
static bool read_corpus(void)
{
	struct span all = shared_read("requests/requests.tsv.zst"), rest = all, line, column[6];

	for (; rest.len && request_count < REQUESTS_MAX; rest = span_skip(rest, line.len + 1)) {
		struct request *r = &requests[request_count];
		const char *scheme;

		line = span_until(rest, '\n');
		for (struct span left = line, *c = column; c < column + 6; c++) {
			*c = span_until(left, '\t');
			left = span_skip(left, c->len + 1);
		}
		if (line.len == 0 || *line.p == '#')
			continue;
		scheme = memmem(column[5].p, column[5].len, "://", 3);
		if (!scheme)
			continue;
		r->url = span_skip(column[5], (size_t)(scheme - column[5].p) + 3);
		r->host = r->url;
		for (size_t i = 0; i < r->url.len; i++)
			if (strchr("/?#:", r->url.p[i])) {
				r->host.len = i;
				break;
			}
		r->source = span_eq(column[4], SPAN_LIT("-")) ? (struct span){ "", 0 } : column[4];
		r->type = resource_of(column[3]);
		request_count++;
	}
	return request_count > 0;	/* the text is never freed: the requests point into it */
}

/* decide - everything that the rules need for one request, made from what came over the wire, and the verdict */
static struct verdict decide(const struct rules *rules, const struct request *r)
{
	static char host[HOST_MAX + 1], source[HOST_MAX + 1], url[8192];
	struct facts f = { .type = r->type, .minute = 700 };
	size_t rest = r->url.len - r->host.len;

	f.host = (struct span){ host, host_normalise(r->host, host) };
	f.source_host = (struct span){ source, r->source.len ? host_normalise(r->source, source) : 0 };
	if (rest > sizeof(url) - HOST_MAX)
		rest = sizeof(url) - HOST_MAX;
	memcpy(url, host, f.host.len);
	memcpy(url + f.host.len, r->url.p + r->host.len, rest);
	f.url = (struct span){ url, f.host.len + rest };
	f.third_party = r->type != RES_DOCUMENT && rules_third_party(rules, f.host, f.source_host);
	return rules_request(rules, &f);
}

static void prepare(const struct rules *rules)
{
	char host[HOST_MAX + 1], url[8192];
	size_t blocked = 0;

	for (size_t i = 0; i < request_count; i++) {
		struct request *r = &requests[i];
		struct facts *f = &r->facts;
		int len;

		f->host = r->host_norm = keep(host, host_normalise(r->host, host));
		f->source_host = r->source.len ? keep(host, host_normalise(r->source, host)) : (struct span){ "", 0 };
		len = snprintf(url, sizeof(url), "%.*s%.*s", SPAN_FMT(f->host), SPAN_FMT(span_skip(r->url, r->host.len)));
		f->url = keep(url, (size_t)len);
		f->type = r->type;
		f->minute = 700;
		f->third_party = r->type != RES_DOCUMENT && rules_third_party(rules, f->host, f->source_host);
		r->blocked = rules_request(rules, f).action == ACT_BLOCK;
		blocked += r->blocked;
	}
	WRONG_IF(blocked == 0 || blocked > request_count / 2, "%zu of %zu requests are blocked", blocked, request_count);
}

/* each call timed alone, in the corpus's order, the clock's own cost taken off */
static void bench_requests(const struct rules *rules, bool whole)
{
	static double took[REQUESTS_MAX];
	double clock = clock_cost(), mean = 0;
	char name[64];

	for (int warm = 0; warm < 2; warm++)
		for (size_t i = 0; i < request_count; i++) {
			uint64_t t = bench_ns();
			struct verdict v = whole ? decide(rules, &requests[i]) : rules_request(rules, &requests[i].facts);

			took[i] = (double)(bench_ns() - t) - clock;
			WRONG_IF((v.action == ACT_BLOCK) != requests[i].blocked, "request %zu decided differently", i);
		}
	for (size_t i = 0; i < request_count; i++)
		mean += took[i] / (double)request_count;
	snprintf(name, sizeof(name), "%s_median", whole ? "request_decision_tree_rules" : "rules_request_tree_rules");
	figure(name, quantile(took, request_count, 0.5) / 1000, "us", 0.5, "the bound for EasyList + EasyPrivacy");
	snprintf(name, sizeof(name), "%s_mean", whole ? "request_decision_tree_rules" : "rules_request_tree_rules");
	figure(name, mean / 1000, "us", 0.7, "the bound for EasyList + EasyPrivacy");
	snprintf(name, sizeof(name), "%s_p99", whole ? "request_decision_tree_rules" : "rules_request_tree_rules");
	figure(name, quantile(took, request_count, 0.99) / 1000, "us", 2.5, "the bound for EasyList + EasyPrivacy");
}

static struct rules *tree_rules(void)
{
	struct rules_opener direct = { rules_open_directly, NULL };
	struct rules *rules = NULL;
	struct passes p = passes_begin();
	char why[200];

	while (passes_more(&p)) {
		struct rules_report report;
		int fd;

		rules_report_init(&report);
		fd = rules_load("rules.yaml", 1, &direct, &report);
		WRONG_IF(fd < 0 || report.errors, "rules.yaml of the tree is not good");
		rules_put(rules);
		rules = rules_map(fd, why, sizeof(why));
		WRONG_IF(!rules, "rules.yaml of the tree: %s", why);
		close(fd);
		rules_report_fini(&report);
		passes_end(&p, 1);
	}
	figure("rules_load_and_map_tree_rules", passes_median(&p) / 1e6, "ms", 0, NULL);
	return rules;
}

/* --- one million names ---------------------------------------------------------- */

static uint64_t mixed(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

/* million - text of NAMES distinct names, one a line: those of a real list, then the same under other first labels */
static struct span million(struct span *name)
{
	struct span real = shared_read("lists/stevenblack-2026.domains.xz"), rest = real, line;
	char *text = malloc((size_t)NAMES * 64), *at = text;
	size_t n = 0, real_count;

	if (!real.p)
		return (struct span){ NULL, 0 };
	WRONG_IF(!text, "out of memory");
	for (; rest.len && n < NAMES; rest = span_skip(rest, line.len + 1)) {
		line = span_until(rest, '\n');
		if (line.len < 4 || line.len > 48 || *line.p == '#' || !memchr(line.p, '.', line.len))
			continue;
		memcpy(at, line.p, line.len);
		name[n++] = (struct span){ at, line.len };
		at += line.len;
		*at++ = '\n';
	}
	real_count = n;
	WRONG_IF(real_count < 10000, "%zu names in the real list", real_count);
	for (; n < NAMES; n++) {
		struct span old = name[n % real_count];
		/* under a registrable name that is not in the list, so that no name covers another */
		int len = sprintf(at, "%.*s-%zx%zx.net", (int)span_until(old, '.').len, old.p, n / real_count,
				  (size_t)mixed(n) & 0xffffff);

		name[n] = (struct span){ at, (size_t)len };
		at += len;
		*at++ = '\n';
	}
	free((char *)real.p);
	return (struct span){ text, (size_t)(at - text) };
}

static void bench_million_build(struct span text, double names_in_text)
{
	struct text_file lists[] = { { "million.txt", text }, { NULL, { NULL, 0 } } };
	struct rules_summary with = { 0 }, without;
	struct passes p = { .until_ns = 0 };	/* PASSES_MIN of them */
	struct rules *r = rules_text_map("rules: []\n", NULL);
	char why[200];

	rules_summary(r, &without);
	rules_put(r);
	while (passes_more(&p)) {
		struct rules_report report;
		int fd = rules_text_build(SPAN_LIT("lists:\n  - file: million.txt\n"), lists, &report);

		WRONG_IF(fd < 0 || report.errors || report.warnings, "the list of a million names is not good");
		passes_end(&p, 1);
		r = rules_map(fd, why, sizeof(why));
		WRONG_IF(!r, "rules_map: %s", why);
		rules_summary(r, &with);
		rules_put(r);
		close(fd);
		rules_report_fini(&report);
	}
	WRONG_IF((double)with.names < names_in_text * 0.999, "%llu names in force", (unsigned long long)with.names);
	figure("million_names_build_from_text", passes_median(&p) / 1e9, "s", 0.5, "the bound of the project");
	figure("million_names_image", (double)(with.image_bytes - without.image_bytes) / (double)with.names, "bytes/name", 16,
	       "the bound of the project");
}

/* what one access to a line of memory costs that no cache has, timed as the lookups below are: as many lines, at
 * random, of a block as large as the buckets and in the same kind of pages.  No lookup that goes to memory is faster. */
static double one_line_ns(const struct names_table *t)
{
	static double took[REQUESTS_MAX];
	double clock = clock_cost();
	volatile const uint64_t *line = (volatile const uint64_t *)(const void *)t->bucket;

	for (int warm = 0; warm < 2; warm++)
		for (size_t i = 0; i < REQUESTS_MAX; i++) {
			size_t at = mixed(i + REQUESTS_MAX) % t->buckets * (sizeof(*t->bucket) / sizeof(*line));
			uint64_t t0 = bench_ns();

			bench_keep(line[at]);
			took[i] = (double)(bench_ns() - t0) - clock;
		}
	return quantile(took, REQUESTS_MAX, 0.5);
}

/* the hosts are read in their order in memory: what is measured is the table, not where a test keeps its names
 * @there: 1: all are listed, 0: none, -1: some; @floor_ns: one_line_ns(), or 0: not to be compared */
static void bench_million_find(const struct names_table *t, const char *name, const struct span *host, size_t n, int there,
			       double floor_ns)
{
	static double took[REQUESTS_MAX];
	double clock = clock_cost();
	size_t hits = 0;
	char label[64];

	for (int warm = 0; warm < 2; warm++) {
		hits = 0;
		for (size_t i = 0; i < n; i++) {
			uint64_t t0 = bench_ns();
			struct span found;
			int64_t at = names_find(t, host[i], &found);

			bench_keep((uint64_t)at);
			took[i] = (double)(bench_ns() - t0) - clock;
			hits += at >= 0;
		}
	}
	WRONG_IF(there == 1 ? hits != n : there == 0 ? hits != 0 : hits == 0 || hits == n, "%s: %zu of %zu hosts found", name, hits, n);
	snprintf(label, sizeof(label), "%s_median", name);
	figure(label, quantile(took, n, 0.5), "ns", 80, "the bound of the project");
	if (floor_ns > 0) {
		snprintf(label, sizeof(label), "%s_median_beside_memory", name);
		figure(label, quantile(took, n, 0.5), "ns", floor_ns, "one line of the table at random");
	}
	snprintf(label, sizeof(label), "%s_p99", name);
	figure(label, quantile(took, n, 0.99), "ns", 0, NULL);
}

static void bench_million_random(const struct names_table *t, const char *label, const struct span *name, size_t names,
				 int there, double floor_ns)
{
	static struct span host[REQUESTS_MAX];
	char *text = malloc((size_t)REQUESTS_MAX * 64), *at = text;

	WRONG_IF(!text, "out of memory");
	for (size_t i = 0; i < REQUESTS_MAX; i++) {
		const struct span *from = &name[mixed(i) % names];

		memcpy(at, from->p, from->len);
		if (!there)
			at[from->len - 1] = '0';	/* another top-level domain */
		host[i] = (struct span){ at, from->len };
		at += from->len;
	}
	bench_million_find(t, label, host, REQUESTS_MAX, there, floor_ns);
	free(text);
}

static void bench_million(void)
{
	struct span *name = malloc(NAMES * sizeof(*name)), text;
	struct names_builder b = { .seed = 0x1234567890abcdef };
	struct names_table t;
	static struct span host[REQUESTS_MAX];
	static uint32_t dropped[256];
	size_t n = 0;

	WRONG_IF(!name, "out of memory");
	text = million(name);
	if (!text.p)
		return;
	for (size_t i = 0; i < NAMES; i++)
		names_add(&b, name[i], names_where(0, (uint32_t)i));
	WRONG_IF(!names_fold(&b, dropped), "no table");
	t = (struct names_table){ b.seed, b.bucket, b.place, b.bloom, b.buckets, b.bloom_words, b.count };
	WRONG_IF(!names_table_open(&t, b.buckets * NAMES_BUCKET), "no table");
	bench_million_build(text, (double)b.count);
	/* the hosts of real requests, as they come (most are not listed); and listed ones in random order */
	for (size_t i = 0; i < request_count; i++)
		if (requests[i].host_norm.len)
			host[n++] = requests[i].host_norm;
	if (n)
		bench_million_find(&t, "million_names_host_of_a_request", host, n, -1, 0);
	/* cold: each its own place in a table that is larger than the second-level cache; warm: a thousand, again and again */
	bench_million_random(&t, "million_names_random_listed_host_cold", name, NAMES, 1, one_line_ns(&t));
	bench_million_random(&t, "million_names_random_listed_host_warm", name, 1000, 1, 0);
	bench_million_random(&t, "million_names_random_other_host_cold", name, NAMES, 0, 0);
	names_builder_fini(&b);
	free(name);
	free((char *)text.p);
}

int main(void)
{
	struct rules *rules = tree_rules();

	if (read_corpus()) {
		prepare(rules);
		bench_requests(rules, false);
		bench_requests(rules, true);
	}
	bench_million();
	rules_put(rules);
	return 0;
}
