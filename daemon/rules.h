/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules - the rule image: facts in, verdict out
 *
 * One block of memory without pointers in a sealed memfd, made by the compile role
 * (rules_load, list_*), mapped read-only by every other process.  Nothing in it is believed
 * before it was validated, as the builder reads hostile lists: all but the tables of lists by
 * rules_map(); those, which may have a million entries, entry by entry where one is used.
 * A struct rules is immutable and counted: a connection keeps the one it began with.
 *
 * Deciding is pure: no input or output, no clock, no allocation (but that a regular expression of a
 * list is compiled when it is first needed).  All names given to it are ASCII, lower case, without a
 * final dot (host_normalise() makes them so).
 */
#ifndef DEJUNK_RULES_H
#define DEJUNK_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "addr.h"
#include "filter.h"
#include "gateway.h"
#include "span.h"

struct rules;

/* what a rule is about: the value of block, allow, limit */
enum rules_kind { KIND_CONNECTIONS, KIND_REQUESTS, KIND_COOKIES, KIND_IMAGES, KIND_EVERYTHING };

enum rules_action {
	ACT_PASS,	/* no rule said anything */
	ACT_ALLOW,	/* a rule said: let it be */
	ACT_BLOCK,
	ACT_LIMIT,	/* cookies only: for this session */
};

/* the kind of resource a request is for, as far as plain HTTP tells */
enum resource {
	RES_UNKNOWN, RES_DOCUMENT, RES_SUBDOCUMENT, RES_IMAGE, RES_STYLE, RES_SCRIPT,
	RES_XHR, RES_FONT, RES_MEDIA, RES_WEBSOCKET, RES_OTHER,
};

struct verdict {
	enum rules_action action;
	enum rules_kind kind;	/* of the rule that decided */
	uint32_t origin;	/* for rules_origin(); 0 when no rule decided */
	struct span name;	/* the part of the host that the deciding rule or list entry names (borrowed from
				 * the question); empty when it was not the host that decided */
	enum filter_resource resource;	/* BLOCK by a list: the stand-in that a $redirect filter names; else NONE */
};

/* for explain: what a question says that no request on the wire can; the filters of lists look at it instead */
struct facts_given {
	struct span url;		/* with scheme */
	uint32_t type;			/* one of enum filter_type; 0: facts.type */
	bool unknown_is_third;		/* a request from an unknown page is third party */
};

/* everything the rules may look at, for one request (spans borrowed for the call) */
struct facts {
	struct span host;		/* the request's host, normalised; an address in text is a host too */
	struct span url;		/* host[:port]/path?query, port only when it is not 80; host normalised, rest as sent */
	struct span source_host;	/* of Referer or Origin, normalised; empty: unknown */
	enum resource type;
	uint16_t method;		/* one of enum filter_method; 0: not known */
	bool third_party;		/* rules_third_party() */
	const struct station *client;	/* NULL: unknown (rules with a group do not match) */
	const struct addr *server;	/* original destination; NULL: unknown */
	uint16_t minute;		/* rules_minute() of now: local minute of the week */
	const struct facts_given *given;	/* NULL, but for explain */
};

/* --- the image ------------------------------------------------------------ */

/* rules_map - map and validate the image in @fd, compile its regular expressions
 * @fd:  a sealed memfd or a file (borrowed; may be closed afterwards)
 * @why: filled with one line on failure, @why_len bytes
 *
 * Returns an image with one reference, or NULL. */
struct rules *rules_map(int fd, char *why, size_t why_len);
/* rules_get, rules_put - one more, one less reference; the last one unmaps.  put(NULL) is allowed */
struct rules *rules_get(struct rules *r);
void rules_put(struct rules *r);
/* rules_keep - @p is kept with the image, and freed by @undo when it is unmapped: what change.c made of its filters.
 * rules_kept - @p; NULL: nothing is kept */
void rules_keep(struct rules *r, void *p, void (*undo)(void *p));
void *rules_kept(const struct rules *r);
/* rules_gateway - the gateway section; lives as long as @r */
const struct gateway *rules_gateway(const struct rules *r);
/* rules_generation - number given by the monitor at build time; grows with each reload */
uint64_t rules_generation(const struct rules *r);

struct rules_summary {
	uint32_t rules;		/* of rules.yaml */
	uint32_t lists;		/* in force */
	uint64_t names;		/* of all lists of names, duplicates folded */
	uint64_t filters;	/* of all lists of Adblock syntax, likewise; what lists of mode observe hold counts in neither */
	uint64_t image_bytes;
};
void rules_summary(const struct rules *r, struct rules_summary *out);

/* where a rule was written: for the log, the blocked page, and explain */
struct rules_origin {
	struct span file;	/* "rules.yaml", or the list's file */
	uint32_t line;		/* from 1 */
	bool own;		/* a rule of rules.yaml, else of a list */
	bool filter;		/* of a list of Adblock syntax */
	bool observe;		/* of a list of mode observe */
	struct span text;	/* the rule or list entry, one line, for people */
};
/* rules_origin - what stands behind verdict.origin; false: nothing (0 or unknown).  Spans live as long as @r, but
 * the text may be cut to fit @text (of @text_len bytes).  It is empty for an entry that names a whole host and
 * nothing else: verdict.name is the entry (as a filter: "||name^"); rules_origin_text() puts it together. */
bool rules_origin(const struct rules *r, uint32_t origin, struct rules_origin *out, char *text, size_t text_len);

/* rules_origin_text - the rule, filter or entry behind a verdict, one line (borrowed from @r, from @v, or in @text) */
struct span rules_origin_text(const struct rules *r, const struct verdict *v, char *text, size_t text_len);

/* a list that is fetched */
struct rules_subscription {
	struct span url;	/* as the image has it: to be judged (list_url_why) before it is used */
	struct span name;	/* the short one; may be empty */
	uint32_t every_s;
	bool checksum;		/* the one that it states is to be looked at */
};
/* rules_subscription - the next from list number @at (0 at first) on, which moves on; false: no more.  Spans as above */
bool rules_subscription(const struct rules *r, uint32_t *at, struct rules_subscription *out);

/* --- deciding ------------------------------------------------------------- */

/* rules_minute - local minute of the week (0: Monday 00:00) at @t */
uint16_t rules_minute(time_t t);
/* rules_next_boundary - when a "between" next begins or ends, after @t; 0: no schedule at all */
time_t rules_next_boundary(const struct rules *r, time_t t);
/* rules_third_party - do the registrable domains of the two hosts differ?  An empty host: no */
bool rules_third_party(const struct rules *r, struct span host, struct span source_host);

/* rules_connection - may @client open a connection to a host of this name, at the SYN or server name layer?
 * @client: who asks, or NULL unknown; @server: address dialled, or NULL unknown; @name: normalised, may be empty
 * BLOCK only when a rule blocks connections to the whole host or address for this client without any other
 * condition, and no rule of the same host allows requests or images on it (that is decided on port 80). */
struct verdict rules_connection(const struct rules *r, const struct station *client, const struct addr *server,
				struct span name, uint16_t minute);
/* rules_is_resolver - is the host, for this client, in a list of mode doh?  @name: normalised.  Whether it is blocked says
 * rules_connection() */
bool rules_is_resolver(const struct rules *r, const struct station *client, struct span name);
/* rules_request - what to do about a whole HTTP request: tests connections, then requests, then - for
 * an image request - images by URL.  verdict.kind says which of them decided (KIND_IMAGES: answer an empty image). */
struct verdict rules_request(const struct rules *r, const struct facts *f);
/* rules_observe - what the lists of mode observe would have done to a request that rules_request() lets pass: BLOCK,
 * with the entry that would, or PASS */
struct verdict rules_observe(const struct rules *r, const struct facts *f);
bool rules_observes(const struct rules *r);	/* are there such lists?  false: rules_observe() always says PASS */
/* rules_image_size - an image of this pixel size is about to be delivered for the request */
struct verdict rules_image_size(const struct rules *r, const struct facts *f, uint32_t width, uint32_t height);
/* rules_cookie - one cookie, by name, in either direction.  ACT_LIMIT applies to Set-Cookie only */
struct verdict rules_cookie(const struct rules *r, const struct facts *f, struct span name);
/* rules_candidate - for explain: the own rules of @kind that hold for @f when cookie names and pixel sizes are not
 * looked at, in file order.  @after: 0, or the origin returned last.  Returns an origin, 0: no more.
 * @action: filled with the rule's action; @certain: true when the rule has no condition on name or size */
uint32_t rules_candidate(const struct rules *r, const struct facts *f, enum rules_kind kind, uint32_t after,
			 enum rules_action *action, bool *certain);
/* filters of lists that change a request instead of blocking it */
enum rules_filter_kind {
	RULES_FILTER_PARAMS,	/* removeparam */
	RULES_FILTER_COOKIES,	/* cookie */
};
struct rules_filter {
	struct span text;	/* as written; lives as long as @r */
	uint32_t origin;	/* for rules_origin() */
	bool exception;		/* written with "@@", or of a list with allow: yes */
	bool observe;		/* of a list of mode observe: it must change nothing */
};
/* rules_filters - the filters of a kind that hold for this request and client, each once: first those that do
 * something, then the exceptions; how they meet (names, values) is the caller's to tell
 * @out: @max of them; what does not fit is left out
 * Own rules come first: where they allow requests (PARAMS) or all cookies (COOKIES), there are none.  What they say of a
 * single cookie is asked with rules_cookie().  Returns how many; 0 also when there are exceptions only. */
size_t rules_filters(const struct rules *r, const struct facts *f, enum rules_filter_kind kind,
		     struct rules_filter *out, size_t max);
/* rules_has_filters - is there any such filter, for anybody?  Costs nothing; false is certain */
bool rules_has_filters(const struct rules *r, enum rules_filter_kind kind);
/* cheap questions first, so that what no rule can touch is never looked at; false is certain */
bool rules_may_touch_cookies(const struct rules *r, const struct facts *f);
bool rules_may_touch_sizes(const struct rules *r, const struct facts *f);

/* rules_only_requests - for explain: why the rule behind a BLOCK verdict acts on requests only, and not on connections to
 * the host: one line (a constant, or in @text); NULL: it acts on both */
const char *rules_only_requests(const struct rules *r, const struct station *client, struct span host, const struct verdict *v,
				char *text, size_t text_len);

/* --- for the connection layer --------------------------------------------- */

/* rules_host_count, rules_host - names of own "block: connections" rules, to be resolved ahead */
uint32_t rules_host_count(const struct rules *r);
struct span rules_host(const struct rules *r, uint32_t i);
/* rules_net_count, rules_net - prefixes of own "address:" conditions of block rules, for the suspect nets */
uint32_t rules_net_count(const struct rules *r);
struct prefix rules_net(const struct rules *r, uint32_t i);
/* rules_hardware - does some group name a link-layer address?  false: nobody needs to look for them */
bool rules_hardware(const struct rules *r);
/* rules_blocks_connections - can any rule refuse a connection?  false: nothing needs to be queued */
bool rules_blocks_connections(const struct rules *r);

#endif
