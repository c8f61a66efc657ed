/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_build_sets - the part of rules_build that holds what lists say; only rules_build includes it */
#ifndef DEJUNK_RULES_BUILD_SETS_H
#define DEJUNK_RULES_BUILD_SETS_H

#include "rules_build.h"

/* rules_build_sets_parts - fold names and filters of all sets and append their sections to @part (IMAGE_SECTIONS + MATCH_PARTS of them)
 * @parts: there already
 * @dropped: duplicates of each list, added to
 * Returns how many there are then; 0: out of memory.  The bytes are the builder's until rules_build_sets_fini(). */
size_t rules_build_sets_parts(struct rules_build *b, struct image_part *part, size_t parts, uint32_t dropped[256]);
void rules_build_sets_fini(struct rules_build *b);

#endif
