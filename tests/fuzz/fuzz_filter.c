/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_filter - links: filter_parse filter_pattern filter_options filter_domain list_detect host addr regex
 *
 * One line.  Properties: what is used is whole - a pattern without blanks and without "*" at its ends, a host that is
 * normalised, types and methods that are not empty, lists whose every host can be read again; a filter is its own twin,
 * in upper case too, and is that of itself with a badfilter; blanks around the line change nothing.
 */
#include <string.h>

#include "check.h"
#include "filter.h"

static void check_domains(struct span list)
{
	struct filter_domains it = { .rest = list };
	struct filter_domain d;
	size_t entries = list.len != 0, given = 0;
	char again[HOST_MAX + 1];

	for (size_t i = 0; i < list.len; i++)
		entries += list.p[i] == '|';
	while (filter_domain_next(&it, &d)) {
		given++;
		CHECK(host_normalise(d.name, again) == d.name.len && memcmp(again, d.name.p, d.name.len) == 0);
	}
	CHECK(given == entries);
}

static void check_network(const struct filter *f)
{
	char again[HOST_MAX + 1];
	struct span p = f->pattern;

	CHECK(f->types && !(f->types & ~(uint32_t)FILTER_TYPES_ALL) && f->methods && !(f->methods & ~511u));
	CHECK(f->reason == (f->exception ? FILTER_REASON_EXCEPTION : FILTER_REASON_BLOCK));
	CHECK(p.len != 0 || f->options.len != 0);
	if (!f->regex) {
		CHECK(p.len == 0 || p.p[0] != '*');
		CHECK(p.len == 0 || p.p[p.len - 1] != '*');
		for (size_t i = 0; i < p.len; i++)
			CHECK((unsigned char)p.p[i] > 0x20 && (unsigned char)p.p[i] < 0x7f);
	}
	if (f->host_only)
		CHECK(f->anchors == FILTER_ANCHOR_HOST && host_normalise(p, again) == p.len && memcmp(again, p.p, p.len) == 0);
	CHECK(!f->document_host || (f->host_only && !f->exception && !f->types_named));
	check_domains(f->from);
	check_domains(f->to);
	check_domains(f->denyallow);
	CHECK((f->action == FILTER_COOKIE) || (f->max_age == -1 && f->same_site.len == 0));
	CHECK(f->action == FILTER_COOKIE || f->action == FILTER_REMOVEPARAM || f->name.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct filter f, g;
	struct span line = copy_of((struct span){ (const char *)data, size });
	char *other = malloc(size + 16);
	size_t n = 0;

	filter_parse(line, &f);
	CHECK(f.kind == filter_kind_of(f.reason) && f.reason < FILTER_REASONS);
	if (f.kind == FILTER_NETWORK)
		check_network(&f);
	other[n++] = ' ';
	if (size)
		memcpy(other + n, line.p, size);
	n += size;
	other[n++] = '\t';
	if (n <= 65536) {
		filter_parse((struct span){ other, n }, &g);
		CHECK(g.reason == f.reason);
		if (f.kind == FILTER_NETWORK) {
			CHECK(filter_twin(&f, true) == filter_twin(&g, true));
			CHECK(span_eq(f.pattern, g.pattern));
		}
	}
	/* a letter behind "$$" or "$@$" makes it another kind of filter */
	if (f.kind == FILTER_NETWORK && !f.badfilter && f.options.len && size < 60000 &&
	    !memmem(data, size, "$$", 2) && !memmem(data, size, "$@$", 3)) {
		size_t at = (size_t)(f.options.p - line.p);

		memcpy(other, line.p, at);
		memcpy(other + at, "badfilter,", 10);
		memcpy(other + at + 10, line.p + at, size - at);
		filter_parse((struct span){ other, size + 10 }, &g);
		CHECK(g.kind == FILTER_NETWORK && g.badfilter);
		CHECK(filter_twin(&f, true) == filter_twin(&g, true));
	}
	free(other);
	drop_copy(line);
	return 0;
}
