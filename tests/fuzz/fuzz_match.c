/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_match - links: match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens image regex filter_parse filter_pattern filter_options filter_domain list_adblock list_detect host addr
 *
 * The input chooses filters and requests made of the same few words.  Property: the verdict is that of a naive matcher,
 * and the filter that is named holds by itself.
 */
#include <stdint.h>

#include "../unit/match_cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice d = { data, size, size };

	if (case_disagreement(&d, psl_builtin()))
		abort();
	return 0;
}
