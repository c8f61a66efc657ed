/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_list_adblock - links: list_adblock filter_parse filter_pattern filter_options filter_domain list_detect host addr regex
 *
 * A whole list.  Properties: every line is of one kind, and the sums agree; line numbers grow; without directives, a list
 * read in two halves says what it says in one; a condition and its negation are not both true.
 */
#include <string.h>

#include "check.h"
#include "list.h"
#include "list_adblock.h"

struct seen {
	uint32_t filters, last, includes;
};

static void take(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	struct seen *seen = ctx;

	CHECK(f->kind == FILTER_NETWORK && line.len != 0 && number > seen->last);
	seen->last = number;
	seen->filters++;
}

static void take_include(void *ctx, struct span path, uint32_t number)
{
	struct seen *seen = ctx;

	CHECK(path.len != 0 && number != 0);
	seen->includes++;
}

static struct adblock_stats run(struct span text)
{
	struct seen seen = { 0, 0, 0 };
	struct adblock_sink sink = { take, take_include, &seen };
	struct adblock_stats s;
	uint32_t kinds = 0, reasons = 0;

	list_adblock_read(text, &sink, &s);
	for (int i = 0; i < FILTER_KINDS; i++)
		kinds += s.kind[i];
	for (int i = 0; i < FILTER_REASONS; i++)
		reasons += s.reason[i];
	CHECK(kinds == s.lines && reasons == s.lines && seen.filters == s.kind[FILTER_NETWORK] && seen.last <= s.lines);
	CHECK(seen.includes == s.includes);
	return s;
}

static void check_condition(struct span text)
{
	struct span line = span_until(text, '\n');
	char negated[1024];
	enum adblock_answer answer = adblock_condition(line), other;

	if (line.len > sizeof(negated) - 3 || answer == ADBLOCK_UNKNOWN)
		return;
	negated[0] = '!', negated[1] = '(';
	memcpy(negated + 2, line.p, line.len);
	negated[line.len + 2] = ')';
	other = adblock_condition((struct span){ negated, line.len + 3 });
	CHECK(other == ADBLOCK_UNKNOWN || (other == ADBLOCK_TRUE) != (answer == ADBLOCK_TRUE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = copy_of((struct span){ (const char *)data, size });
	struct adblock_stats whole = run(text), one, two;
	const char *middle = size ? memchr(text.p + size / 2, '\n', size - size / 2) : NULL;

	check_condition(text);
	list_detect(text);
	if (middle && !whole.reason[FILTER_REASON_DIRECTIVE]) {
		size_t at = (size_t)(middle + 1 - text.p);

		one = run((struct span){ text.p, at });
		two = run(span_skip(text, at));
		if (size - at < 3 || memcmp(text.p + at, "\xef\xbb\xbf", 3) != 0)
			for (int i = 0; i < FILTER_REASONS; i++)
				CHECK(one.reason[i] + two.reason[i] == whole.reason[i]);
	}
	drop_copy(text);
	return 0;
}
