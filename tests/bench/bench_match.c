/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_match - EasyList and EasyPrivacy over a corpus of real requests: speed, size, and agreement with the engines
 *
 * links: match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens image regex filter_parse filter_pattern filter_options filter_domain list_adblock list_detect host addr url http1_head
 */
#include "bench.h"
#include "../unit/match_lists.h"
#include "../unit/shared.h"

#include "limits.h"
#include "url.h"

#include <sys/resource.h>

enum { REQUESTS_MAX = 100000, ROUNDS = 5 };

static struct match_question question[REQUESTS_MAX];
static double each_ns[REQUESTS_MAX];
static size_t questions;

static double cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec * 1e9 + (double)u.ru_utime.tv_usec * 1e3;
}

/* @column: of the verdicts, see their SOURCES */
static void agree(struct match *m, struct span verdicts, size_t column, const char *name, const char *anchor)
{
	size_t rows = 0, wrong = 0;
	struct match_verdict v;
	struct span c[16];

	for (size_t i = 0; i < questions && match_columns(&verdicts, c, 16); i++) {
		if (*c[column].p == '-')
			continue;
		match_decide(m, &question[i], &v);
		wrong += (v.result == MATCH_BLOCK) != (*c[column].p == '1');
		rows++;
	}
	WRONG_IF(wrong || !rows, "%zu of %zu requests are decided as the engines do not", wrong, rows);
	figure(name, 100, "%", 100, anchor);
}

static void agree_hosts(struct span verdicts, const psl_ctx_t *psl)
{
	struct span light = shared_read("lists/hagezi-light.adblock.txt.xz");
	struct match_made m;

	if (!light.p)
		return;
	match_make(&m, &light, 1, 12, psl);
	agree(m.match, verdicts, 13, "match: agreement with HaGeZi Light", "of the hagezi_light column");
	match_unmake(&m);
	free((void *)(uintptr_t)light.p);
}

/* the hosts alone, as the connection layer asks: each timed by itself, in the order of the corpus */
static void host_speed(struct match *m, const char *name)
{
	double clock = clock_cost();
	size_t n = 0;

	for (size_t i = 0; i < questions; i++) {
		struct span host = url_host(question[i].url);
		struct match_verdict v;
		uint64_t began;

		if (host.len == 0)
			continue;
		began = bench_ns();
		bench_keep(match_host(m, host, &v));
		each_ns[n++] = (double)(bench_ns() - began) - clock;
	}
	figure(name, quantile(each_ns, n, 0.5), "ns", 80, "the limit");
}

/* every request timed alone, in the order of the corpus; medians of the rounds */
static void speed(struct match *m, bool all_lists)
{
	double median[ROUNDS], mean[ROUNDS], p99[ROUNDS], clock = clock_cost();

	for (int r = 0; r < ROUNDS; r++) {
		struct match_verdict v;
		double cpu = cpu_ns();

		for (size_t i = 0; i < questions; i++) {
			match_decide(m, &question[i], &v);
			bench_keep(v.result);
		}
		mean[r] = (cpu_ns() - cpu) / (double)questions;
		for (size_t i = 0; i < questions; i++) {
			uint64_t began = bench_ns();

			match_decide(m, &question[i], &v);
			bench_keep(v.result);
			each_ns[i] = (double)(bench_ns() - began) - clock;
		}
		median[r] = quantile(each_ns, questions, 0.5);
		p99[r] = quantile(each_ns, questions, 0.99);
	}
	if (all_lists) {
		figure("match: a request under seven lists, median", quantile(median, ROUNDS, 0.5), "ns", 0, NULL);
		figure("match: a request under seven lists, mean of CPU time", quantile(mean, ROUNDS, 0.5), "ns", 1000, "the limit");
		figure("match: a request under seven lists, p99", quantile(p99, ROUNDS, 0.5), "ns", 0, NULL);
		return;
	}
	figure("match: a request, median", quantile(median, ROUNDS, 0.5), "ns", 500, "the limit");
	figure("match: the same beside uBlock Origin", median[ROUNDS / 2], "ns", 2400, "its core in JavaScript");
	figure("match: a request, mean of CPU time", quantile(mean, ROUNDS, 0.5), "ns", 700, "the limit");
	figure("match: the same beside uBlock Origin, mean", mean[ROUNDS / 2], "ns", 3100, "its core in JavaScript");
	figure("match: a request, p99", quantile(p99, ROUNDS, 0.5), "ns", 2500, "the limit");
	figure("match: the same beside uBlock Origin, p99", p99[ROUNDS / 2], "ns", 13000, "its core in JavaScript");
}

/* a URL as long as any that is looked at, made of what most filters without a better key are filed under */
static void worst_speed(struct match *m)
{
	static char url[LIMIT_MATCH_URL_BYTES];
	struct match_question q = { .url = { url, sizeof(url) }, .source = SPAN_LIT("x.org"), .type = FILTER_TYPE_SCRIPT,
				    .method = FILTER_METHOD_GET };
	double took[ROUNDS];

	for (size_t i = 0; i < sizeof(url); i++)
		url[i] = "https://abc.com/1/js/ads.com"[i < 16 ? i : i % 28];
	for (int r = 0; r < ROUNDS; r++) {
		struct match_verdict v;
		uint64_t began = bench_ns();

		match_decide(m, &q, &v);
		bench_keep(v.result);
		took[r] = (double)(bench_ns() - began);
	}
	figure("match: 16384 bytes of common words under seven lists", quantile(took, ROUNDS, 0.5), "ns", 0, NULL);
}

/* @list: EasyList and EasyPrivacy */
static void seven_lists(const struct span *list, const psl_ctx_t *psl)
{
	static const char *const more[] = {
		"lists/adguard-base.txt.xz", "lists/adguard-tracking.txt.xz", "lists/adguard-cookie-notices.txt.xz",
		"lists/hagezi-pro-2025.adblock.txt.xz", "lists/ublock-filters.txt.xz",
	};
	struct span all[7] = { list[0], list[1] };
	struct match_made m;
	uint64_t began;

	for (size_t i = 0; i < 5; i++) {
		all[2 + i] = shared_read(more[i]);
		if (!all[2 + i].p)
			return;
	}
	began = bench_ns();
	match_make(&m, all, 7, 99, psl);
	figure("match: build of seven lists", (double)(bench_ns() - began) / 1e6, "ms", 0, NULL);
	figure("match: filters of seven lists, duplicates folded", match_filters(m.match), "filters", 0, NULL);
	figure("match: image of seven lists", (double)m.image.bytes / 1e6, "MB", 0, NULL);
	speed(m.match, true);
	host_speed(m.match, "match: a host alone under seven lists, median");
	worst_speed(m.match);
	match_unmake(&m);
}

int main(void)
{
	struct span list[2] = { shared_read("lists/easylist.txt.xz"), shared_read("lists/easyprivacy.txt.xz") };
	struct span requests = shared_read("requests/requests.tsv.zst"), verdicts = shared_read("requests/verdicts.tsv.gz");
	struct span text = shared_read("lists/public_suffix_list.dat.xz");
	FILE *f = text.p ? fmemopen((void *)(uintptr_t)text.p, text.len, "r") : NULL;
	psl_ctx_t *psl = f ? psl_load_fp(f) : NULL;
	double build_ms[ROUNDS], open_ms[ROUNDS];
	struct match_made m;

	if (!list[0].p || !list[1].p || !requests.p || !verdicts.p || !psl)
		return 0;
	while (questions < REQUESTS_MAX && match_next_request(&requests, &question[questions]))
		questions++;
	for (int r = 0; r < ROUNDS; r++) {
		uint64_t began = bench_ns();
		const char *why;

		match_make(&m, list, 2, 1 + (uint64_t)r, psl);
		build_ms[r] = (double)(bench_ns() - began) / 1e6;
		began = bench_ns();
		match_close(match_open(&m.image, 0, psl, &why));
		open_ms[r] = (double)(bench_ns() - began) / 1e6;
		if (r + 1 < ROUNDS)
			match_unmake(&m);
	}
	agree(m.match, verdicts, 1, "match: agreement with the engines", "of the gold column");
	agree_hosts(verdicts, psl);
	speed(m.match, false);
	host_speed(m.match, "match: a host alone, median");
	figure("match: build of EasyList and EasyPrivacy from text", quantile(build_ms, ROUNDS, 0.5), "ms", 200, "the limit");
	figure("match: the same beside uBlock Origin, build", build_ms[ROUNDS / 2], "ms", 540, "its core in JavaScript");
	figure("match: opening the image", quantile(open_ms, ROUNDS, 0.5), "ms", 5, "the limit");
	figure("match: image with the text for explain", (double)m.image.bytes / 1e6, "MB", 6, "the limit");
	match_unmake(&m);
	seven_lists(list, psl);
	return 0;
}
