/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_text - a rule image from texts in memory, for tests
 *
 * The rules are "rules.yaml"; lists are the entries of a NULL-ended table of name and text.
 */
#ifndef DEJUNK_TESTS_RULES_TEXT_H
#define DEJUNK_TESTS_RULES_TEXT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rules.h"
#include "rules_load.h"

struct text_file {
	const char *name;
	struct span text;
};

static inline int text_fd(struct span text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	for (size_t at = 0; at < text.len; ) {
		ssize_t n = write(fd, text.p + at, text.len - at);

		if (n <= 0)
			abort();
		at += (size_t)n;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static inline int text_open(void *ctx, const char *path)
{
	for (const struct text_file *f = ctx; f->name; f++)
		if (strcmp(f->name, path) == 0)
			return text_fd(f->text);
	return -ENOENT;
}

/* builds; returns the descriptor or a negative errno, the report filled */
static inline int rules_text_build(struct span yaml, const struct text_file *lists, struct rules_report *report)
{
	struct text_file files[16] = { { "rules.yaml", yaml } };
	struct rules_opener opener = { text_open, files };

	for (size_t i = 0; lists && lists[i].name && i < 14; i++)
		files[i + 1] = lists[i];
	rules_report_init(report);
	return rules_load("rules.yaml", 7, &opener, report);
}

/* builds and maps rules that must be good; prints the errors and ends otherwise */
static inline struct rules *rules_text_map(const char *yaml, const struct text_file *lists)
{
	struct rules_report report;
	struct rules *r;
	char why[200], *text;
	int fd = rules_text_build(span_of(yaml), lists, &report);

	text = rules_report_text(&report);
	if (fd < 0) {
		fprintf(stderr, "%s", text);
		abort();
	}
	r = rules_map(fd, why, sizeof(why));
	if (!r) {
		fprintf(stderr, "rules_map: %s\n", why);
		abort();
	}
	free(text);
	close(fd);
	rules_report_fini(&report);
	return r;
}

#endif
