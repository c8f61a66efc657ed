/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image - the container of the rule image: a header, a table of typed sections, and their bytes
 *
 * Knows nothing of rules.  A section is found by its type and instance; a reader that
 * does not know a type never looks at it, so that new kinds of rules add sections and
 * change nothing here.  Sections begin at multiples of IMAGE_ALIGN.  Numbers are in the
 * machine's own byte order: an image is for the machine and the binary that made it,
 * and IMAGE_VERSION changes with every change of any section's layout.
 */
#ifndef DEJUNK_IMAGE_H
#define DEJUNK_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum { IMAGE_VERSION = 7, IMAGE_ALIGN = 64, IMAGE_SECTIONS = 256 };

struct image_header {
	char magic[8];		/* "dejunk\r\n" */
	uint32_t version;	/* IMAGE_VERSION */
	uint32_t sections;	/* entries of the table that follows, at most IMAGE_SECTIONS */
	uint64_t bytes;		/* of the whole image */
	uint64_t generation;
	uint64_t seed;		/* of every keyed hash in the image */
};

struct image_section {
	uint32_t type;
	uint32_t instance;	/* 0, unless there are several of a type */
	uint64_t offset;	/* from the beginning of the image */
	uint64_t bytes;		/* a whole number of records */
};

/* --- writing -------------------------------------------------------------- */

/* a growing section; never more than LIMIT_IMAGE_BYTES.  All zero is an empty one. */
struct image_buf {
	uint8_t *p;
	size_t len, room;
	bool failed;		/* out of memory or over the limit, once: everything after is ignored */
};

/* image_put - append @len bytes; returns their offset in the section, or (size_t)-1 on failure */
size_t image_put(struct image_buf *b, const void *p, size_t len);
void image_buf_fini(struct image_buf *b);

struct image_part {		/* one section to be written; the bytes are borrowed */
	uint32_t type, instance;
	const void *p;
	size_t len;
};

/* image_write - put the parts together into a sealed memfd
 * Returns the descriptor, or a negative errno (-EFBIG: over LIMIT_IMAGE_BYTES). */
int image_write(const struct image_part *part, size_t parts, uint64_t generation, uint64_t seed);

/* image_memfd - an empty memfd for an image, image_seal - nobody can change it any more: for who writes one otherwise.
 * A descriptor, 0, or a negative errno */
int image_memfd(void);
int image_seal(int fd);

/* --- reading -------------------------------------------------------------- */

struct image {
	const uint8_t *p;	/* IMAGE_ALIGN-aligned */
	size_t bytes;
	const struct image_header *header;
	const struct image_section *section;
};

/* image_map - map what @fd holds and check header and table
 * A memfd must be sealed (nobody can change what was checked); of an ordinary file a private copy is made.
 * Returns NULL and fills @out, or one line that says what is wrong.  Undone by image_unmap. */
const char *image_map(int fd, struct image *out);
void image_unmap(struct image *im);

/* image_find - the section's bytes as an array of records of @record bytes each
 * @count: filled with the number of records, 0 when there is no such section
 * Returns false when its size is no multiple of @record. */
bool image_find(const struct image *im, uint32_t type, uint32_t instance, size_t record, const void **p, size_t *count);

#endif
