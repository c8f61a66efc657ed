/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list - block lists that others maintain: which format a text has, and one reader for each
 *
 * Readers are pure: text in, names out through a callback, counts beside.  A line
 * that cannot be used is counted, never fatal.  A new format is a value of enum
 * list_format, a reader in a file of its own, and a row in list_detect.c.
 */
#ifndef DEJUNK_LIST_H
#define DEJUNK_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

enum list_format {
	LIST_EMPTY,		/* no line that is not a comment */
	LIST_UNKNOWN,
	LIST_HTML,		/* an error page, most often */
	LIST_COMPRESSED,
	LIST_SUFFIXES,		/* the Public Suffix List: it would block the world */
	LIST_HOSTS,
	LIST_DOMAINS,
	LIST_WILDCARD,
	LIST_DNSMASQ,
	LIST_RPZ,
	LIST_ADBLOCK,
	LIST_FORMATS
};

struct list_stats {		/* lines = comments + used + skipped + invalid */
	uint32_t lines;
	uint32_t comments;	/* and blank lines */
	uint32_t used;		/* lines that gave a name */
	uint32_t skipped;	/* not about blocking: localhost, entries with another address than "nowhere" */
	uint32_t invalid;
	uint32_t names;		/* given to the sink, duplicates included */
};

/* who gets the names: normalised, borrowed for the call; with at least one dot */
struct list_sink {
	void (*name)(void *ctx, struct span name, uint32_t line);
	void *ctx;
};

/* list_detect - the format of @text, by its first lines that are not comments */
enum list_format list_detect(struct span text);
/* list_format_name - "hosts", "domains", "adblock", ... for people */
const char *list_format_name(enum list_format f);
/* list_format_why - why a text of this "format" is not a list, a clause about "it"; NULL: it is one.  Static storage */
const char *list_format_why(enum list_format f);

/* list_line - take the next line (without its end: LF, CRLF or CR) off @rest; false: none left */
bool list_line(struct span *rest, struct span *line);
/* list_skip_bom - @text without a UTF-8 byte order mark */
struct span list_skip_bom(struct span text);

/* --- what the readers of names share ---------------------------------------------- */

enum list_kind { LIST_LINE_COMMENT, LIST_LINE_USED, LIST_LINE_SKIPPED, LIST_LINE_INVALID };	/* as list_stats counts */

/* a reader of one line of at most LIMIT_LIST_LINE_BYTES; its number is stats->lines.  It adds to stats->names. */
typedef enum list_kind list_reader(void *ctx, struct span line, const struct list_sink *sink, struct list_stats *stats);

/* list_read - all lines of @text through @read; longer ones are invalid */
void list_read(struct span text, list_reader *read, void *ctx, const struct list_sink *sink, struct list_stats *stats);
/* list_word - take the next word off @rest; blanks and tabs separate; empty: none left */
struct span list_word(struct span *rest);
/* list_give - hand one name to the sink: USED, or SKIPPED (list_is_local) or INVALID (no name, or one without a dot) */
enum list_kind list_give(struct span name, const struct list_sink *sink, struct list_stats *stats);

/* --- one reader for each format ----------------------------------------------------- */

/* list_hosts_read - hosts(5): "0.0.0.0 name...".  Only 0.0.0.0, 127.0.0.0/8, :: and ::1 block. */
void list_hosts_read(struct span text, const struct list_sink *sink, struct list_stats *stats);
/* list_domains_read - one name a line */
void list_domains_read(struct span text, const struct list_sink *sink, struct list_stats *stats);

/* list_wildcard_read - "*.name" or "name" a line: each stands for the name and all below it */
void list_wildcard_read(struct span text, const struct list_sink *sink, struct list_stats *stats);
/* list_dnsmasq_read - dnsmasq(8): "address=/name/.../", "server=/name/" and "local=/name/" without an address, or with
 * one that leads nowhere.  Other options, and names sent somewhere, are skipped. */
void list_dnsmasq_read(struct span text, const struct list_sink *sink, struct list_stats *stats);
/* list_rpz_read - a response policy zone: "name CNAME ." and "*.name CNAME .", also with "*." and "rpz-drop.", or an
 * address record that leads nowhere.  "rpz-passthru.", other targets and triggers (rpz-ip, rpz-nsdname...) are skipped.
 * A name stands for all below it, whether the zone says so or not. */
void list_rpz_read(struct span text, const struct list_sink *sink, struct list_stats *stats);

typedef void list_names_read(struct span text, const struct list_sink *sink, struct list_stats *stats);
/* list_names_reader - the one of these that reads @format; NULL: none does, as it is Adblock or no list.  In the header, so
 * that only who uses it is linked with all of them */
static inline list_names_read *list_names_reader(enum list_format format)
{
	static list_names_read *const reader[LIST_FORMATS] = {
		[LIST_HOSTS] = list_hosts_read, [LIST_DOMAINS] = list_domains_read, [LIST_WILDCARD] = list_wildcard_read,
		[LIST_DNSMASQ] = list_dnsmasq_read, [LIST_RPZ] = list_rpz_read,
	};

	return reader[format];
}

/* list_is_nowhere - is this word of a hosts file an address that blocks? */
bool list_is_nowhere(struct span word);
/* list_is_local - a name every hosts file has for the machine itself ("localhost", "ip6-allnodes", ...)? */
bool list_is_local(struct span name);

#endif
