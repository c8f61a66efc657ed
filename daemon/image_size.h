/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image_size - width and height from the first bytes of a PNG, GIF, JPEG or WebP
 *
 * Pure; one look at what is there so far, no state.
 */
#ifndef DEJUNK_IMAGE_SIZE_H
#define DEJUNK_IMAGE_SIZE_H

#include <stdint.h>

#include "parse.h"
#include "span.h"

enum image_format { IMAGE_PNG, IMAGE_GIF, IMAGE_JPEG, IMAGE_WEBP };

struct image_size {
	enum image_format format;
	uint32_t width, height;	/* pixels, each at least 1 */
};

/* image_size - @in: the first bytes of the image; @out: filled when DONE
 * DONE, MORE (with a JPEG perhaps many KiB: LIMIT_IMAGE_HELD_BYTES is for the caller to keep),
 * BAD (one of the formats, but broken or without a size), ALIEN (none of the formats).
 * An answer other than MORE does not change with more bytes. */
enum parse image_size(struct span in, struct image_size *out);

#endif
