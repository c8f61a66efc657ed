/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load - rules.yaml and the lists it names -> rule image, or every error with file, line and column
 *
 * Reads nothing by itself: files are opened by the caller's function, so that a
 * process without privileges can build.  A list that is missing or cannot be used
 * is a warning and left out; an error in rules.yaml means no image.
 */
#ifndef DEJUNK_RULES_LOAD_H
#define DEJUNK_RULES_LOAD_H

#include <stdint.h>
#include <stdio.h>

#include "rules_report.h"

/* who opens files: open() returns a descriptor that the loader closes, or a negative errno.  @path may be the URL of a
 * list: its copy (list_store) is meant, -ENOENT when it was never fetched */
struct rules_opener {
	int (*open)(void *ctx, const char *path);
	void *ctx;
};

/* rules_open_directly - a rules_opener.open of regular files by open(2); @ctx: the state directory, NULL: the usual one */
int rules_open_directly(void *ctx, const char *path);

/* rules_load - build the image
 * @path:       of rules.yaml; relative list paths are relative to its directory
 * @generation: stored in the image
 * @opener:     borrowed
 * @report:     initialised by the caller (rules_report_init); gets errors, warnings, and what was read of each list
 *
 * Returns the descriptor of a sealed memfd, or a negative errno: -EINVAL when the report holds errors
 * (it always does on failure). */
int rules_load(const char *path, uint64_t generation, const struct rules_opener *opener, struct rules_report *report);

/* rules_load_keys - print the table of keys: section, key, default, example, help; tab-separated, one line each */
void rules_load_keys(FILE *out);

#endif
