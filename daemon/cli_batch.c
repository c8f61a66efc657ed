/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_batch - dejunk explain --batch FILE: the verdict of many requests, one line each; offline
 *
 * Made to compare dejunk with other engines: the type is used as given, and a request from an unknown page is third
 * party.  With --lists A,B,C only these are asked, else a rules.yaml with all it names.  Entries of lists of names are
 * not lifted by exceptions, which act on Adblock syntax only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli_rules.h"
#include "cli_url.h"
#include "limits.h"
#include "list.h"
#include "list_adblock.h"
#include "match.h"
#include "match_build.h"
#include "rules.h"

enum { BATCH_ADBLOCK, BATCH_NAMES, BATCH_KINDS };	/* instances */

struct batch {
	struct match_builder *build[BATCH_KINDS];
	struct match *match[BATCH_KINDS];
	const char *list[MATCH_LISTS];
	unsigned lists;
	struct image image;
	struct rules *rules;		/* instead of all that */
	bool failed;
};

/* the whole of a file; p NULL: a line was printed */
static struct span read_all(const char *path)
{
	struct span none = { NULL, 0 };
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t len = 0, room = 1 << 20, n;
	char *p = malloc(room), *grown;

	while (f && p && (n = fread(p + len, 1, room - len, f)) > 0) {
		len += n;
		if (len < room)
			continue;
		grown = room < LIMIT_LIST_BYTES ? realloc(p, room *= 2) : NULL;
		if (!grown) {
			free(p);
			errno = room < LIMIT_LIST_BYTES ? ENOMEM : EFBIG;
		}
		p = grown;
	}
	if (!f || !p || ferror(f)) {
		fprintf(stderr, "dejunk: %s: %s\n", path, strerror(errno));
		free(p);
		p = NULL;
	}
	if (f && f != stdin)
		fclose(f);
	return p ? (struct span){ p, len } : none;
}

/* --- lists ---------------------------------------------------------------- */

static void add_filter(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	struct batch *b = ctx;

	b->failed |= !match_build_add(b->build[BATCH_ADBLOCK], f, line, b->lists, number);
}

static void add_name(void *ctx, struct span name, uint32_t number)
{
	static struct filter f = {
		.kind = FILTER_NETWORK, .action = FILTER_BLOCK, .anchors = FILTER_ANCHOR_HOST, .host_only = true,
		.document_host = true, .types = FILTER_TYPES_DEFAULT, .methods = FILTER_METHODS_ALL, .max_age = -1,
	};
	struct batch *b = ctx;

	f.pattern = name;
	b->failed |= !match_build_add(b->build[BATCH_NAMES], &f, name, b->lists, number);
}

static bool add_list(struct batch *b, const char *path)
{
	struct adblock_sink filters = { .filter = add_filter, .ctx = b };
	struct list_sink names = { add_name, b };
	struct span text = read_all(path);
	struct adblock_stats adblock_stats;
	struct list_stats stats;
	list_names_read *read_names;
	enum list_format format;
	bool known = true;

	if (!text.p)
		return false;
	format = list_detect(text);
	read_names = list_names_reader(format);
	if (format == LIST_ADBLOCK) {
		list_adblock_read(text, &filters, &adblock_stats);
	} else if (read_names) {
		read_names(text, &names, &stats);
	} else {
		fprintf(stderr, "dejunk: %s: a list of format \"%s\" cannot be used\n", path, list_format_name(format));
		known = false;
	}
	free((void *)(uintptr_t)text.p);
	if (b->failed)
		fprintf(stderr, "dejunk: %s: out of memory\n", path);
	b->list[b->lists++] = path;
	return known && !b->failed;
}

static bool add_lists(struct batch *b, char *lists)
{
	for (char *path = strtok(lists, ","); path; path = strtok(NULL, ",")) {
		if (b->lists == MATCH_LISTS) {
			fprintf(stderr, "dejunk: more than %d lists\n", MATCH_LISTS);
			return false;
		}
		if (!add_list(b, path))
			return false;
	}
	return true;
}

static bool make_image(struct batch *b, uint64_t seed)
{
	struct image_part part[MATCH_PARTS * BATCH_KINDS];
	const char *why = "out of memory";
	size_t parts = 0;
	int fd = -1;

	for (uint32_t i = 0; i < BATCH_KINDS; i++) {
		size_t n = match_build_finish(b->build[i], i, part + parts, NULL);

		if (!n)
			goto out;
		parts += n;
	}
	fd = image_write(part, parts, 0, seed);
	if (fd < 0)
		why = strerror(-fd);
	else
		why = image_map(fd, &b->image);
	for (uint32_t i = 0; !why && i < BATCH_KINDS; i++)
		b->match[i] = match_open(&b->image, i, psl_builtin(), &why);
out:
	if (fd >= 0)
		close(fd);
	if (why)
		fprintf(stderr, "dejunk: cannot make the rule image: %s\n", why);
	return !why;
}

/* --- requests ------------------------------------------------------------- */

static uint32_t type_of(struct span word)
{
	static const struct { const char *word; uint32_t type; } known[] = {
		{ "main_frame", FILTER_TYPE_DOCUMENT }, { "sub_frame", FILTER_TYPE_SUBDOCUMENT },
		{ "xhr", FILTER_TYPE_XHR }, { "fetch", FILTER_TYPE_XHR }, { "beacon", FILTER_TYPE_PING },
		{ "doc", FILTER_TYPE_DOCUMENT }, { "frame", FILTER_TYPE_SUBDOCUMENT }, { "css", FILTER_TYPE_STYLESHEET },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_eq(word, span_of(known[i].word)))
			return known[i].type;
	for (int bit = 0; bit < FILTER_TYPE_BITS; bit++)
		if (span_eq(word, span_of(filter_type_text((enum filter_type_bit)bit))))
			return 1u << bit;
	return FILTER_TYPE_OTHER;
}

static uint32_t method_of(struct span word)
{
	static const char *const known[] = { "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_eq_nocase(word, span_of(known[i])))
			return 1u << i;		/* the order of enum filter_method */
	return FILTER_METHOD_OTHER;
}

static void answer(struct batch *b, const struct match_question *q)
{
	static const char *const word[] = { "pass", "block", "allow" };
	char text[HOST_MAX + 4];
	struct match_verdict v;
	struct span filter;

	match_decide(b->match[BATCH_NAMES], q, &v);
	if (v.result == MATCH_BLOCK) {
		printf("block\t%s:%u\t%.*s\n", b->list[v.list], v.line, SPAN_FMT(v.name));
		return;
	}
	match_decide(b->match[BATCH_ADBLOCK], q, &v);
	if (v.result == MATCH_PASS) {
		puts("pass\t-\t-");
		return;
	}
	filter = match_text(b->match[BATCH_ADBLOCK], &v, text, sizeof(text));
	printf("%s\t%s:%u\t%.*s\n", word[v.result], b->list[v.list], v.line, SPAN_FMT(filter));
}

static enum resource resource_of(uint32_t type)
{
	static const enum resource resources[FILTER_TYPE_BITS] = {
		[FILTER_TYPE_BIT_DOCUMENT] = RES_DOCUMENT, [FILTER_TYPE_BIT_SUBDOCUMENT] = RES_SUBDOCUMENT,
		[FILTER_TYPE_BIT_STYLESHEET] = RES_STYLE, [FILTER_TYPE_BIT_SCRIPT] = RES_SCRIPT,
		[FILTER_TYPE_BIT_IMAGE] = RES_IMAGE, [FILTER_TYPE_BIT_FONT] = RES_FONT, [FILTER_TYPE_BIT_OBJECT] = RES_OTHER,
		[FILTER_TYPE_BIT_XHR] = RES_XHR, [FILTER_TYPE_BIT_PING] = RES_OTHER, [FILTER_TYPE_BIT_MEDIA] = RES_MEDIA,
		[FILTER_TYPE_BIT_WEBSOCKET] = RES_WEBSOCKET, [FILTER_TYPE_BIT_OTHER] = RES_OTHER,
	};

	return resources[__builtin_ctz(type)];
}

/* the same by a rules.yaml: own rules, groups (nobody's client asks) and all */
static void answer_by_rules(struct batch *b, const struct match_question *q)
{
	static const char *const word[] = { [ACT_PASS] = "pass", [ACT_ALLOW] = "allow", [ACT_BLOCK] = "block" };
	static struct cli_url url;
	struct facts_given given = { .url = q->url, .type = q->type, .unknown_is_third = q->unknown_is_third };
	struct facts f = { .type = resource_of(q->type), .method = (uint16_t)q->method, .minute = rules_minute(time(NULL)),
			   .given = &given };
	char source[HOST_MAX + 1], text[1024];
	struct rules_origin o;
	struct span rule;
	struct verdict v;

	if (!cli_url_read(&url, q->url)) {
		puts("pass\t-\t-");
		return;
	}
	f.host = url.host;
	f.url = url.url;
	f.source_host = (struct span){ source, host_normalise(q->source, source) };
	f.third_party = f.source_host.len ? rules_third_party(b->rules, f.host, f.source_host) : q->unknown_is_third;
	v = rules_request(b->rules, &f);
	if (v.action == ACT_PASS || !rules_origin(b->rules, v.origin, &o, text, sizeof(text))) {
		puts("pass\t-\t-");
		return;
	}
	rule = rules_origin_text(b->rules, &v, text, sizeof(text));
	printf("%s\t%.*s:%u\t%.*s\n", word[v.action], SPAN_FMT(o.file), o.line, SPAN_FMT(rule));
}

/* false: a line was printed */
static bool answer_all(struct batch *b, const char *path)
{
	struct span text = read_all(path), rest = text, line;
	uint32_t number = 0;
	bool good = text.p;

	while (good && list_line(&rest, &line)) {
		struct match_question q = { .unknown_is_third = true };
		struct span column[4];

		number++;
		for (int i = 0; i < 4; i++) {
			column[i] = i < 3 ? span_until(line, '\t') : line;
			line = span_skip(line, column[i].len + 1);
		}
		if (!column[3].len) {
			fprintf(stderr, "dejunk: %s:%u: expected method, type, host of the page and URL, tab-separated\n", path, number);
			good = false;
			break;
		}
		q.method = method_of(column[0]);
		q.type = type_of(column[1]);
		if (!span_eq(column[2], SPAN_LIT("-")))
			q.source = column[2];
		q.url = column[3];
		if (b->rules)
			answer_by_rules(b, &q);
		else
			answer(b, &q);
	}
	free((void *)(uintptr_t)text.p);
	return good;
}

/* false: a line was printed */
static bool open_lists(struct batch *b, char *lists)
{
	uint64_t seed;
	bool good = getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed);

	for (int i = 0; i < BATCH_KINDS; i++)
		good = (b->build[i] = match_build_new(seed + (uint64_t)i)) && good;
	good = good && add_lists(b, lists) && make_image(b, seed);
	for (int i = 0; i < BATCH_KINDS; i++)
		if (b->build[i])
			match_build_free(b->build[i]);
	return good;
}

int verb_explain_batch(int argc, char **argv)
{
	static struct batch b;
	const char *file = NULL, *path = NULL, *state = NULL;
	char *lists = NULL;
	bool good;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--batch") == 0 && i + 1 < argc)
			file = argv[++i];
		else if (strcmp(argv[i], "--lists") == 0 && i + 1 < argc)
			lists = argv[++i];
		else if (strcmp(argv[i], "--state-dir") == 0 && i + 1 < argc)
			state = argv[++i];
		else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			path = argv[++i];
		else
			file = NULL, i = argc;
	}
	if (!file || (lists && path)) {
		fprintf(stderr, "usage: dejunk explain --batch FILE [--lists LIST,... | -c FILE] [--state-dir DIR]\n");
		return 2;
	}
	memset(&b, 0, sizeof(b));
	if (lists)
		good = open_lists(&b, lists);
	else
		good = (b.rules = cli_rules_load(path ? path : cli_rules_path(), state));
	good = good && answer_all(&b, file) && fflush(stdout) == 0;
	for (int i = 0; i < BATCH_KINDS; i++)
		match_close(b.match[i]);
	image_unmap(&b.image);
	rules_put(b.rules);
	return good ? 0 : 2;
}
