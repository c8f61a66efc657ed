/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_match - EasyList and EasyPrivacy over a corpus of real requests: speed, size, and agreement with the engines
 *
 * links: match match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens image regex filter_parse filter_pattern filter_options filter_domain list_adblock list_detect host addr
 */
#include "bench.h"
#include "../unit/match_lists.h"
#include "../unit/shared.h"

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

static void agree(struct match *m, struct span verdicts)
{
	size_t rows = 0, wrong = 0;
	struct match_verdict v;
	struct span c[2];

	for (size_t i = 0; i < questions && match_columns(&verdicts, c, 2); i++) {
		if (*c[1].p == '-')
			continue;
		match_decide(m, &question[i], &v);
		wrong += (v.result == MATCH_BLOCK) != (*c[1].p == '1');
		rows++;
	}
	WRONG_IF(wrong || !rows, "%zu of %zu requests are decided as the engines do not", wrong, rows);
	figure("match: agreement with the engines", 100, "%", 100, "of the gold column");
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
	figure("match: a request, mean of CPU time", quantile(mean, ROUNDS, 0.5), "ns", 700, "the limit");
	figure("match: a request, p99", quantile(p99, ROUNDS, 0.5), "ns", 2500, "the limit");
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
	agree(m.match, verdicts);
	speed(m.match, false);
	figure("match: build of EasyList and EasyPrivacy from text", quantile(build_ms, ROUNDS, 0.5), "ms", 200, "the limit");
	figure("match: opening the image", quantile(open_ms, ROUNDS, 0.5), "ms", 5, "the limit");
	figure("match: image with the text for explain", (double)m.image.bytes / 1e6, "MB", 6, "the limit");
	match_unmake(&m);
	seven_lists(list, psl);
	return 0;
}
