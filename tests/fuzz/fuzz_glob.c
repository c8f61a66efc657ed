/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_glob - links: glob
 *
 * The input is a pattern, a newline, a text.  Property: the answer is that of a matcher by table, slow and obvious.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool can[257][257];	/* can[i][j]: the first i of the pattern match the first j of the text */
	struct span all = { (const char *)data, size }, p = span_until(all, '\n'), t = span_skip(all, p.len + 1);

	if (p.len > 256 || t.len > 256)
		return 0;
	memset(can, 0, sizeof(can));
	can[0][0] = true;
	for (size_t i = 1; i <= p.len; i++)
		for (size_t j = 0; j <= t.len; j++)
			can[i][j] = p.p[i - 1] == '*' ? can[i - 1][j] || (j && can[i][j - 1]) :
				    j && can[i - 1][j - 1] && p.p[i - 1] == t.p[j - 1];
	if (glob_match(p, t) != can[p.len][t.len])
		abort();
	return 0;
}
