/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_image_size - links: image_size
 *
 * Property: an answer other than MORE, and the size with it, is never taken back by later bytes.
 */
#include "check.h"
#include "image_size.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = { (const char *)data, size };
	struct image_size whole = { 0 }, early = { 0 };
	enum parse answer = image_size(all, &whole);
	uint32_t seed = cut_seed(data, size);

	CHECK(answer != PARSE_DONE || (whole.width && whole.height));
	for (int i = 0; i < 16; i++) {
		size_t n = i < 8 ? cut_next(&seed) % (size + 1) : cut_next(&seed) % ((size < 40 ? size : 40) + 1);
		struct span part = copy_of((struct span){ all.p, n });
		enum parse got = image_size(part, &early);

		CHECK(got == PARSE_MORE || got == answer);
		CHECK(got != PARSE_DONE || (early.width == whole.width && early.height == whole.height));
		drop_copy(part);
	}
	return 0;
}
