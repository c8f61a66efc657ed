/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_parts - what the files of the filter reader share; nobody else includes it */
#ifndef DEJUNK_FILTER_PARTS_H
#define DEJUNK_FILTER_PARTS_H

#include "filter.h"

/* filter_refuse - @f is not to be used; @where: the part that is to blame.  Returns false */
bool filter_refuse(struct filter *f, enum filter_reason reason, struct span where);
/* filter_keep - room for @len bytes in f->text, or NULL */
char *filter_keep(struct filter *f, size_t len);

/* what the options say about how a bare host name is read */
struct filter_options {
	bool any;		/* there are options */
	bool plain;		/* none but types that are not negated, party and badfilter */
};
/* filter_options_split - cut "pattern$options" at its "$"; no options: @options is empty and at NULL */
void filter_options_split(struct span body, struct span *pattern, struct span *options);
/* filter_options_read - f->exception is set; false: refused */
bool filter_options_read(struct filter *f, struct span options, struct filter_options *o);
/* filter_pattern_read - f->exception and the options are set; false: refused */
bool filter_pattern_read(struct filter *f, struct span pattern, const struct filter_options *o);
/* filter_domains_check - may this list be kept?  FILTER_REASON_BLOCK: yes, else why not */
enum filter_reason filter_domains_check(struct span list, bool negatable, bool any_tld);
/* filter_regex_ok - does it compile, within bounds? */
bool filter_regex_ok(struct span expression);

#endif
