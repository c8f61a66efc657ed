/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_cache - a rule image kept in a file, with what it was made of, so that it need not be made again
 *
 * The file: struct cache_head; for each file that was opened for the build, in that order, a struct cache_input and its
 * path; the warnings of the build; the image; the XXH3 (128 bits) of all before.  In the machine's own byte order.
 *
 * An image is used again when the same program with the same libraries (maker) is asked for the same rules.yaml, and
 * each file it was made of is the same: by size, times, inode and device, or, where these differ or the file had
 * changed so shortly before that its times could hide another change, by its content.  A file that could not be opened
 * then must fail in the same way now.  Whatever is wrong with the cache, the answer is to build.
 */
#ifndef DEJUNK_RULES_CACHE_H
#define DEJUNK_RULES_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "limits.h"
#include "rules_load.h"
#include "span.h"

enum { CACHE_TEXT_MAX = 1 << 16,	/* bytes of warnings that are kept */
       CACHE_FILE_MAX = LIMIT_IMAGE_BYTES + (1 << 26) };

struct cache_input {		/* a file that was opened, or not */
	uint64_t size, inode, device;
	int64_t mtime_ns, ctime_ns;
	uint64_t hash[2];	/* XXH3, 128 bits, of its bytes */
	int32_t error;		/* a positive errno: it could not be opened, and all above is 0 */
	uint32_t path_len;	/* bytes that follow in the cache, padded to 8 with zeros */
	uint32_t settled;	/* 1: it had not changed for a while when it was opened, so its times tell */
	uint32_t _pad;
};

/* what is being, or was, opened for a build; begin with rules_inputs_init() */
struct rules_inputs {
	const struct rules_opener *opener;	/* who really opens; borrowed */
	struct { struct cache_input fact; char *path; } *input;
	size_t count;
	bool failed;			/* out of memory, or more files than LIMIT_LISTS + 1: nothing can be saved */
};

void rules_inputs_init(struct rules_inputs *in, const struct rules_opener *opener);
void rules_inputs_fini(struct rules_inputs *in);
/* rules_inputs_open - a rules_opener.open; @ctx: struct rules_inputs.  Opens by in->opener, reads the file once for its
 * hash, and notes it; the descriptor stands at its beginning */
int rules_inputs_open(void *ctx, const char *path);

/* rules_cache_save - write a cache into @to, an empty file (borrowed)
 * @image: what was built (borrowed; read with pread); @text: the warnings of the build, cut at CACHE_TEXT_MAX
 * Returns 0 or a negative errno; then what is in @to is of no use. */
int rules_cache_save(int to, int image, const struct rules_inputs *in, struct span text);

/* why a cache is not used */
enum cache_answer {
	CACHE_USED,
	CACHE_OUTDATED,		/* a file changed, or another rules.yaml is asked for: everyday life */
	CACHE_FOREIGN,		/* another program made it, or it is no cache */
	CACHE_BROKEN,		/* cut or damaged */
	CACHE_SYSTEM,		/* no memory, or reading failed */
};
/* rules_cache_load - the image of @from (borrowed), if it is still what a build of @path would make
 * @in:         initialised; filled with the files as they are now, for another save
 * @text:       filled: the warnings of the build, allocated; the caller frees, NULL unless CACHE_USED
 * @renew:      filled: true: by content only is it the same; saving it anew spares that the next time
 * @fd:         filled: a sealed memfd that holds the image with @generation in its header, valid in the sense of
 *              image_map(); who uses it still has to rules_map() it
 */
enum cache_answer rules_cache_load(int from, const char *path, uint64_t generation, struct rules_inputs *in,
				   char **text, bool *renew, int *fd);

#endif
