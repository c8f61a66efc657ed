/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter - one line of an Adblock, uBlock or AdGuard list, read but not compiled
 *
 * What filter_parse() makes of a line.  Spans point into the line, or into the text[]
 * of the struct itself where the line had to be rewritten (IDN): a struct filter is
 * never copied, and dies with the line.  Nothing is allocated.
 */
#ifndef DEJUNK_FILTER_H
#define DEJUNK_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "host.h"
#include "span.h"

/* what a line is, for the table of `dejunk lists` */
enum filter_kind {
	FILTER_COMMENT,		/* blank lines and directives too */
	FILTER_NETWORK,		/* the only kind that is used */
	FILTER_COSMETIC,
	FILTER_BROWSER,		/* needs a browser: popup, stealth... */
	FILTER_MODIFIER,	/* has an option or a form of value that is not supported */
	FILTER_INVALID,
	FILTER_KINDS
};

enum filter_reason {
#define FILTER_REASON(name, kind, text) FILTER_REASON_##name,
#include "tbl/filter_reason.h"
#undef FILTER_REASON
	FILTER_REASONS
};

enum filter_type_bit {
#define FILTER_TYPE(name, text) FILTER_TYPE_BIT_##name,
#include "tbl/filter_type.h"
#undef FILTER_TYPE
	FILTER_TYPE_BITS
};
enum filter_type {
#define FILTER_TYPE(name, text) FILTER_TYPE_##name = 1 << FILTER_TYPE_BIT_##name,
#include "tbl/filter_type.h"
#undef FILTER_TYPE
	FILTER_TYPES_ALL = (1 << FILTER_TYPE_BITS) - 1,
	FILTER_TYPES_DEFAULT = FILTER_TYPES_ALL & ~FILTER_TYPE_DOCUMENT,	/* of a filter that names none */
};

/* what a filter that matches does */
enum filter_action {
	FILTER_BLOCK,		/* or, as an exception, lifts blocks */
	FILTER_REDIRECT,	/* blocks, and is answered with .resource */
	FILTER_REDIRECT_RULE,	/* does not block: names the .resource for what another filter blocks */
	FILTER_REMOVEPARAM,	/* takes parameters out of the query */
	FILTER_COOKIE,		/* blocks cookies, or caps them */
};

/* what stands in for a redirected request */
enum filter_resource {
	FILTER_RESOURCE_NONE,	/* none named, unknown, or one that needs a real script: the stand-in of its type */
	FILTER_RESOURCE_TYPED,	/* "empty": the stand-in of its type */
	FILTER_RESOURCE_TEXT, FILTER_RESOURCE_SCRIPT, FILTER_RESOURCE_STYLE, FILTER_RESOURCE_JSON,
	FILTER_RESOURCE_VAST2,	/* no advertisements, as all VAST and VMAP */
	FILTER_RESOURCE_FRAME,	/* an empty HTML page */
	FILTER_RESOURCE_IMAGE, FILTER_RESOURCE_IMAGE_2X2, FILTER_RESOURCE_IMAGE_3X2, FILTER_RESOURCE_IMAGE_32X32,
	FILTER_RESOURCE_AUDIO, FILTER_RESOURCE_VIDEO,
	FILTER_RESOURCE_VAST3, FILTER_RESOURCE_VAST4, FILTER_RESOURCE_VMAP,
};

enum filter_anchor {
	FILTER_ANCHOR_START = 1,	/* |pattern: at the first byte of the URL */
	FILTER_ANCHOR_HOST = 2,		/* ||pattern: at the first byte of a label of the host */
	FILTER_ANCHOR_END = 4,		/* pattern|: at the last byte of the URL */
};

enum filter_party {
	FILTER_FIRST_PARTY = 1,
	FILTER_THIRD_PARTY = 2,
	FILTER_STRICT_FIRST = 4,	/* strict1p: the very host of the page */
	FILTER_STRICT_THIRD = 8,	/* strict3p: any other host than that of the page */
};

/* the methods of method=, a bit each */
enum filter_method {
	FILTER_METHOD_CONNECT = 1, FILTER_METHOD_DELETE = 2, FILTER_METHOD_GET = 4, FILTER_METHOD_HEAD = 8,
	FILTER_METHOD_OPTIONS = 16, FILTER_METHOD_PATCH = 32, FILTER_METHOD_POST = 64, FILTER_METHOD_PUT = 128,
	FILTER_METHOD_OTHER = 256,	/* any that is none of these */
	FILTER_METHODS_ALL = 511,
};

enum { FILTER_TEXT = 1024 };	/* bytes of a pattern that had to be rewritten; longer: invalid */

struct filter {
	enum filter_kind kind;
	enum filter_reason reason;	/* FILTER_REASON_BLOCK or _EXCEPTION for FILTER_NETWORK */
	struct span where;		/* the part of the line that the reason is about; may be empty */

	/* the rest only for FILTER_NETWORK */
	bool exception;			/* @@ */
	enum filter_action action;

	/* The pattern, without anchors, without leading and trailing "*" that mean nothing; empty: any URL.
	 * As written (ASCII), compared without case unless match_case.  "*" and "^" are its only operators.  For a
	 * regex: the expression, without slashes.
	 * host_only ("||host^", or a bare host name): the pattern is the normalised host alone (no "^"), anchors
	 * is FILTER_ANCHOR_HOST; it matches this host and those below it.
	 * document_host: a block of a whole host that names no types: it blocks documents too, though types lacks
	 * FILTER_TYPE_DOCUMENT (its other conditions hold as always). */
	struct span pattern;
	unsigned anchors;		/* enum filter_anchor */
	bool host_only, document_host;
	bool regex, match_case;

	uint32_t types;			/* enum filter_type; resolved, never 0 */
	bool types_named;		/* false: types is FILTER_TYPES_DEFAULT; all for FILTER_COOKIE, and
					 * FILTER_TYPE_DOCUMENT for FILTER_REMOVEPARAM */
	unsigned party;			/* enum filter_party, all of which must hold; 0: any */
	unsigned methods;		/* enum filter_method; resolved */
	bool important, badfilter;

	/* lists of hosts, as written and validated: filter_domain_next().  Empty: no such option */
	struct span from;		/* domain=, from=: of the page */
	struct span to;			/* to=: of the request; negated ones only as in from */
	struct span denyallow;		/* of the request: the filter does not act on these */

	enum filter_resource resource;	/* FILTER_REDIRECT, FILTER_REDIRECT_RULE */
	struct span resource_name;	/* as written, without priority; empty (exceptions only): all resources */
	int32_t redirect_priority;	/* redirect=name:N */

	/* FILTER_REMOVEPARAM, FILTER_COOKIE: name of the parameter or cookie, or a regular expression over it
	 * (removeparam: over name=value).  Empty: all of them (as an exception: all such filters are off here) */
	struct span name;
	bool name_regex, name_nocase;
	bool name_negated;		/* removeparam=~x: all but these */
	int64_t max_age;		/* FILTER_COOKIE: seconds, -1: none; the lifetime is capped, the cookie not blocked */
	struct span same_site;		/* FILTER_COOKIE: "lax", "none" or "strict" as written; empty: none.  Likewise */

	struct span options;		/* as written, from behind the "$"; empty: none */

	size_t text_len;
	char text[FILTER_TEXT];
};

/* one host of a list of hosts */
struct filter_domain {
	struct span name;	/* normalised; borrowed until the next call.  With any_tld without the ".*" */
	bool negated;		/* ~host */
	bool any_tld;		/* host.*: any public suffix may follow */
};

struct filter_domains {		/* set .rest to the list, then call filter_domain_next() until false */
	struct span rest;
	char text[HOST_MAX + 1];
};

/* filter_parse - read @line (without its end)
 * @f: filled always; f->kind says whether it is to be used.  "!#" and "!+" directives are
 *     FILTER_REASON_DIRECTIVE: list_adblock acts on them. */
void filter_parse(struct span line, struct filter *f);
/* filter_twin - a number that two network filters share when they say the same, order and aliases of options apart
 * @from: take the domain= list into account?  Without it, a badfilter finds the filters it switches off for some pages
 * badfilter is not taken into account: "x$badfilter" switches off every filter with the same number. */
uint64_t filter_twin(const struct filter *f, bool from);
/* filter_domain_next - the next host of a validated list; false: no more */
bool filter_domain_next(struct filter_domains *it, struct filter_domain *out);
/* filter_kind_of, filter_reason_text, filter_kind_text, filter_type_text - the tables */
enum filter_kind filter_kind_of(enum filter_reason reason);
const char *filter_reason_text(enum filter_reason reason);
const char *filter_kind_text(enum filter_kind kind);
const char *filter_type_text(enum filter_type_bit type);

#endif
