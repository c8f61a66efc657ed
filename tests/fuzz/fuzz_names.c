/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_names - links: names names_store addr
 *
 * Property: whatever is learned, expires and is reviewed in whatever order, the table agrees with a model that is plainly
 * right, keeps its bounds, and never lets the kernel refuse a pair that has a live wanted name.
 */
#include "../unit/names_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= 4096)
		model_run(data, size);
	return 0;
}
