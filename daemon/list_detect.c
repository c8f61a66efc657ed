/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_detect - which format a list has, by content; and what all readers share */
#include "list.h"

#include "addr.h"
#include "container.h"
#include "host.h"
#include "limits.h"

enum { LIST_SAMPLE = 1000 };	/* lines that vote on the format */

static const char *const format_name[LIST_FORMATS] = {
	[LIST_EMPTY] = "empty", [LIST_UNKNOWN] = "unknown", [LIST_HTML] = "HTML", [LIST_COMPRESSED] = "compressed",
	[LIST_SUFFIXES] = "public suffixes",
	[LIST_HOSTS] = "hosts", [LIST_DOMAINS] = "domains", [LIST_WILDCARD] = "wildcard domains",
	[LIST_DNSMASQ] = "dnsmasq", [LIST_RPZ] = "RPZ", [LIST_ADBLOCK] = "Adblock",
};

const char *list_format_name(enum list_format f)
{
	return format_name[f];
}

const char *list_format_why(enum list_format f)
{
	static const char *const why[LIST_FORMATS] = {
		[LIST_EMPTY] = "there is nothing in it but comments",
		[LIST_UNKNOWN] = "its format is not known",
		[LIST_HTML] = "it is an HTML page, not a list",
		[LIST_COMPRESSED] = "it is a compressed file",
		[LIST_SUFFIXES] = "it is the list of public suffixes, and would block everything",
	};

	return why[f];
}

bool list_line(struct span *rest, struct span *line)
{
	size_t len;

	if (rest->len == 0)
		return false;
	*line = span_until(*rest, '\n');
	len = line->len;
	if (len == rest->len) {
		*rest = span_skip(*rest, len);
	} else {
		*rest = span_skip(*rest, len + 1);
	}
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

struct span list_skip_bom(struct span text)
{
	return text.len >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0 ? span_skip(text, 3) : text;
}

bool list_is_nowhere(struct span word)
{
	struct addr a;

	if (span_eq(word, SPAN_LIT("0.0.0.0")))		/* nearly all of them */
		return true;
	if (!addr_parse(&a, word))
		return false;
	if (a.family == AF_INET)
		return a.ip[0] == 127 || memcmp(a.ip, "\0\0\0", 4) == 0;
	for (int i = 0; i < 15; i++)
		if (a.ip[i])
			return false;
	return a.ip[15] <= 1;
}

bool list_is_local(struct span name)
{
	static const char *const local[] = {
		"localhost", "localhost.localdomain", "localhost4", "localhost6", "localhost4.localdomain4",
		"localhost6.localdomain6", "localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback",
		"ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0",
		"127.0.0.1", "255.255.255.255",
	};

	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		if (span_eq_nocase(name, span_of(local[i])))
			return true;
	return false;
}

void list_read(struct span text, list_reader *read, void *ctx, const struct list_sink *sink, struct list_stats *stats)
{
	struct span line;

	*stats = (struct list_stats){ 0 };
	text = list_skip_bom(text);
	while (list_line(&text, &line)) {
		enum list_kind kind = LIST_LINE_INVALID;

		stats->lines++;
		if (line.len <= LIMIT_LIST_LINE_BYTES)
			kind = read(ctx, line, sink, stats);
		switch (kind) {
		case LIST_LINE_COMMENT:
			stats->comments++;
			break;
		case LIST_LINE_USED:
			stats->used++;
			break;
		case LIST_LINE_SKIPPED:
			stats->skipped++;
			break;
		case LIST_LINE_INVALID:
			stats->invalid++;
			break;
		}
	}
}

struct span list_word(struct span *rest)
{
	struct span word;

	while (rest->len && (*rest->p == ' ' || *rest->p == '\t'))
		*rest = span_skip(*rest, 1);
	word = (struct span){ rest->p, 0 };
	while (word.len < rest->len && rest->p[word.len] != ' ' && rest->p[word.len] != '\t')
		word.len++;
	*rest = span_skip(*rest, word.len);
	return word;
}

enum list_kind list_give(struct span name, const struct list_sink *sink, struct list_stats *stats)
{
	char normal[HOST_MAX + 1];
	size_t len;

	if (list_is_local(name))
		return LIST_LINE_SKIPPED;
	len = host_normalise(name, normal);
	if (len == 0 || !memchr(normal, '.', len))
		return LIST_LINE_INVALID;
	sink->name(sink->ctx, (struct span){ normal, len }, stats->lines);
	stats->names++;
	return LIST_LINE_USED;
}

static bool starts(struct span s, const char *with)
{
	struct span w = span_of(with);

	return s.len >= w.len && span_eq_nocase((struct span){ s.p, w.len }, w);
}

static bool has(struct span s, const char *what)
{
	return s.len && memmem(s.p, s.len, what, strlen(what)) != NULL;
}

static bool is_adblock(struct span line)
{
	static const char *const marks[] = { "##", "#@#", "#?#", "#$#", "#%#" };

	if (starts(line, "||") || starts(line, "@@") || starts(line, "|http") || starts(line, "[adblock"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (has(line, marks[i]))
			return true;
	return has(line, "$third-party") || has(line, "$domain=") || has(line, "$script") || has(line, "$image") ||
	       has(line, "$removeparam") || has(line, "$cookie");
}

/* what one line looks like; LIST_UNKNOWN: nothing we know */
static enum list_format line_format(struct span line)
{
	struct span word = span_until(span_until(line, ' '), '\t');
	struct span rest = span_trim(span_skip(line, word.len));
	char name[HOST_MAX + 1];
	struct addr a;

	if (is_adblock(line))
		return LIST_ADBLOCK;
	if (starts(line, "address=/") || starts(line, "server=/") || starts(line, "local=/"))
		return LIST_DNSMASQ;
	if (starts(line, "$ttl") || starts(line, "$origin") || has(line, " CNAME .") || has(line, "\tCNAME .") ||
	    has(line, " SOA "))
		return LIST_RPZ;
	if (starts(line, "*."))
		return LIST_WILDCARD;
	if (rest.len && addr_parse(&a, word))
		return LIST_HOSTS;
	if ((rest.len == 0 || rest.p[0] == '#') && host_normalise(word, name) && memchr(name, '.', strlen(name)))
		return LIST_DOMAINS;
	return LIST_UNKNOWN;
}

enum list_format list_detect(struct span text)
{
	unsigned votes[LIST_FORMATS] = { 0 }, n = 0;
	enum list_format best = LIST_UNKNOWN;
	struct span line, whole;

	whole = text = list_skip_bom(text);
	if (starts(text, "\x1f\x8b") || starts(text, "\xfd" "7zXZ") || starts(text, "\x28\xb5\x2f\xfd") ||
	    starts(text, "PK\x03\x04") || starts(text, "BZh"))
		return LIST_COMPRESSED;
	while (n < LIST_SAMPLE && list_line(&text, &line)) {
		line = span_trim(line);
		if (line.len == 0 || line.len > LIMIT_LIST_LINE_BYTES)
			continue;
		if (n == 0 && line.p[0] == '<')
			return LIST_HTML;
		if (n == 0 && starts(line, "// "))
			return has(whole, "===BEGIN ICANN DOMAINS===") ? LIST_SUFFIXES : LIST_UNKNOWN;	/* no list has such comments */
		if (starts(line, "[adblock") || (line.p[0] == '!' && line.len > 1))
			return LIST_ADBLOCK;	/* no other format has such comments */
		if (line.p[0] == ';') {
			votes[LIST_RPZ]++;
			continue;
		}
		if (line.p[0] == '#' && !is_adblock(line))
			continue;
		if (line.p[0] == '#' && (line.len < 3 || line.p[1] == ' ' || line.p[2] == '#' || line.p[2] == ' ' || line.p[1] == '='))
			continue;	/* "## a heading" is a comment, "##.ad" a cosmetic filter */
		votes[line_format(line)]++;
		n++;
	}
	if (n == 0)
		return votes[LIST_RPZ] ? LIST_RPZ : LIST_EMPTY;
	for (int f = LIST_UNKNOWN + 1; f < LIST_FORMATS; f++)
		if (votes[f] > votes[best] || (best == LIST_UNKNOWN && votes[f] && votes[f] >= votes[best]))
			best = (enum list_format)f;
	/* a name on a line of its own is a valid Adblock filter too: the other lines tell */
	if (best == LIST_DOMAINS && votes[LIST_ADBLOCK] > n / 10)
		best = LIST_ADBLOCK;
	/* more nonsense than sense is no list */
	return votes[LIST_UNKNOWN] > n / 2 ? LIST_UNKNOWN : best;
}
