/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench - passes, medians and figures, for the programs of tests/bench
 *
 * A program prints one line a figure: name, value, unit, anchor, name of the anchor, tab
 * separated; "-" where there is no anchor; where the ratio has a bound, that as the sixth ("<=0.9").
 * Missing data is said in a line that begins with "SKIP".  A wrong result ends the program with 1, whatever it would have measured.
 *
 *	struct passes p = passes_begin();
 *
 *	while (passes_more(&p)) {
 *		for (each item) ...
 *		passes_end(&p, items);
 *	}
 *	figure("what", passes_median(&p), "ns", 500, "the limit");
 */
#ifndef DEJUNK_TESTS_BENCH_H
#define DEJUNK_TESTS_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* WRONG_IF - the benchmark is worth nothing: the code under it gave a wrong result */
#define WRONG_IF(condition, ...) do {						\
	if (condition) {							\
		fprintf(stderr, "WRONG: %s:%d: ", __FILE__, __LINE__);		\
		fprintf(stderr, __VA_ARGS__);					\
		fputc('\n', stderr);						\
		exit(1);							\
	}									\
} while (0)

enum { PASSES_MAX = 4096, PASSES_MIN = 5 };

struct passes {
	double each_ns[PASSES_MAX];	/* a pass's time, divided by its items */
	unsigned count;
	uint64_t began_ns, until_ns;
};

static inline uint64_t bench_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* bench_keep - the compiler must not leave out what made @v */
static inline void bench_keep(uint64_t v)
{
	__asm__ volatile("" : : "r"(v) : "memory");
}

/* passes_begin - passes for BENCH_MS (environment, default 200), at least PASSES_MIN */
static inline struct passes passes_begin(void)
{
	const char *ms = getenv("BENCH_MS");

	return (struct passes){ .until_ns = bench_ns() + (ms ? strtoull(ms, NULL, 10) : 200) * 1000000u };
}

static inline bool passes_more(struct passes *p)
{
	p->began_ns = bench_ns();
	return p->count < PASSES_MIN || (p->began_ns < p->until_ns && p->count < PASSES_MAX);
}

static inline void passes_end(struct passes *p, size_t items)
{
	p->each_ns[p->count++] = (double)(bench_ns() - p->began_ns) / (double)items;
}

static inline int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* quantile - of @n unsorted values, which are sorted here */
static inline double quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), double_order);
	return v[(size_t)((double)(n - 1) * q)];
}

/* passes_median - nanoseconds an item */
static inline double passes_median(struct passes *p)
{
	return quantile(p->each_ns, p->count, 0.5);
}

/* clock_cost - nanoseconds between two readings of the clock, to be taken off single timed calls */
static inline double clock_cost(void)
{
	static double v[1001];

	for (size_t i = 0; i < 1001; i++) {
		uint64_t t = bench_ns();

		v[i] = (double)(bench_ns() - t);
	}
	return quantile(v, 1001, 0.5);
}

/* figure - @anchor 0: there is none */
static inline void figure(const char *name, double value, const char *unit, double anchor, const char *anchor_name)
{
	WRONG_IF(!(value > 0), "%s is %g", name, value);
	if (anchor > 0)
		printf("%s\t%.6g\t%s\t%.6g\t%s\n", name, value, unit, anchor, anchor_name);
	else
		printf("%s\t%.6g\t%s\t-\t-\n", name, value, unit);
	fflush(stdout);
}

#endif
