/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_query - links: query
 *
 * Properties: the parameters and their "&" are the whole query; a target read again after parameters were left out has
 * exactly the others, in their order, byte for byte, with the same bytes before and behind; what is decoded is shorter.
 */
#include "check.h"
#include "query.h"

static uint32_t dice;

static bool keep(struct span param, void *arg)
{
	uint32_t *seed = arg;

	CHECK(param.len && !memchr(param.p, '&', param.len));
	return cut_next(seed) & 1;
}

static void edited(struct span in, struct span query)
{
	char *out = malloc(in.len + 1);
	uint32_t seed = dice;
	size_t len = 0, behind = (size_t)(in.p + in.len - (query.p + query.len));
	unsigned removed = query_edit(in, keep, &seed, out, &len), gone = 0;
	struct span left, rest = query, param, other;

	if (removed == 0) {
		free(out);
		return;
	}
	CHECK(len < in.len);
	CHECK(memcmp(out, in.p, (size_t)(query.p - in.p) - 1) == 0);
	CHECK(memcmp(out + len - behind, in.p + in.len - behind, behind) == 0);
	left = query_of((struct span){ out, len });
	for (seed = dice; query_next(&rest, &param); ) {
		if (param.len && !(cut_next(&seed) & 1)) {
			gone++;
			continue;
		}
		if (!left.p) {		/* none but empty ones was left */
			CHECK(param.len == 0);
			continue;
		}
		CHECK(query_next(&left, &other) && span_eq(param, other));
	}
	CHECK(gone == removed && !left.p);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = copy_of((struct span){ (const char *)data, size });
	struct span query = query_of(in), rest = query, param;
	char *out = malloc(size + 1);
	size_t bytes = 0, parts = 0;

	dice = cut_seed(data, size);
	while (query_next(&rest, &param)) {
		bytes += param.len;
		parts++;
	}
	CHECK(!query.p || bytes + parts - 1 == query.len);
	CHECK(query_decode(in, out) < size + !size);
	if (query.p)
		edited(in, query);
	free(out);
	drop_copy(in);
	return 0;
}
