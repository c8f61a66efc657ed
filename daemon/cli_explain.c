/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_explain - dejunk explain URL|HOST: what would happen, layer by layer, and which rule does it; offline */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "change.h"
#include "cli_rules.h"
#include "cli_url.h"
#include "container.h"
#include "host.h"
#include "json.h"
#include "refusal.h"
#include "rules.h"
#include "rules_load.h"

enum { EXPLAIN_ROWS = 64, EXPLAIN_FILTERS = 8 };

/* one answer: a layer, what happens there, and why */
struct row {
	const char *layer, *verdict;
	uint32_t origin;
	char name[HOST_MAX + 1];	/* of the host, when that decided */
	char rule[512];			/* the rule, filter or entry; cut */
	const char *note;		/* "" or a remark */
	char about[128];		/* for notes that are put together */
	bool blocks;
	char only[600];			/* why the rule acts on requests only; empty: on connections too */
};

struct explain {
	struct rules *rules;
	struct facts facts;
	struct station client;
	struct addr server;
	char source[HOST_MAX + 1];
	struct cli_url asked;
	struct row row[EXPLAIN_ROWS];
	unsigned rows;
};

static const struct { const char *name; enum resource type; } types[] = {
	{ "unknown", RES_UNKNOWN }, { "document", RES_DOCUMENT }, { "main_frame", RES_DOCUMENT },
	{ "subdocument", RES_SUBDOCUMENT }, { "sub_frame", RES_SUBDOCUMENT }, { "image", RES_IMAGE },
	{ "style", RES_STYLE }, { "stylesheet", RES_STYLE }, { "script", RES_SCRIPT }, { "xhr", RES_XHR },
	{ "font", RES_FONT }, { "media", RES_MEDIA }, { "websocket", RES_WEBSOCKET }, { "other", RES_OTHER },
};

static const char *type_name(enum resource type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "unknown";
}

const char *cli_rules_path(void)
{
	return access("rules.yaml", F_OK) == 0 ? "rules.yaml" : "/etc/dejunk/rules.yaml";
}

/* --- the question --------------------------------------------------------- */

/* false: no host in it */
static bool explain_url(struct explain *e, const char *arg)
{
	if (!cli_url_read(&e->asked, span_of(arg)))
		return false;
	e->facts.host = e->asked.host;
	e->facts.url = e->asked.url;
	if (addr_parse(&e->server, e->facts.host))
		e->facts.server = &e->server;
	return true;
}

static bool explain_referer(struct explain *e, const char *arg)
{
	struct span s = span_of(arg);
	const char *slashes = strstr(arg, "://");
	size_t len;

	if (slashes)
		s = span_of(slashes + 3);
	s = span_until(s, '/');
	if (s.len && s.p[0] != '[')
		s = span_until(s, ':');
	len = host_normalise(s, e->source);
	e->facts.source_host = (struct span){ e->source, len };
	return len != 0;
}

/* without --type: an extension tells an image or a script, as the proxy would guess without Accept */
static enum resource guess_type(struct span url)
{
	static const struct { const char *end; enum resource type; } ends[] = {
		{ ".gif", RES_IMAGE }, { ".png", RES_IMAGE }, { ".jpg", RES_IMAGE }, { ".jpeg", RES_IMAGE },
		{ ".webp", RES_IMAGE }, { ".svg", RES_IMAGE }, { ".ico", RES_IMAGE }, { ".js", RES_SCRIPT },
		{ ".css", RES_STYLE }, { ".woff", RES_FONT }, { ".woff2", RES_FONT }, { ".mp4", RES_MEDIA },
	};
	struct span path = span_until(url, '?');

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct span end = span_of(ends[i].end);

		if (path.len > end.len && span_eq_nocase(span_skip(path, path.len - end.len), end))
			return ends[i].type;
	}
	return RES_UNKNOWN;
}

/* --- the answer ------------------------------------------------------------ */

static void add_row(struct explain *e, const char *layer, const char *verdict, uint32_t origin, struct span name,
		    const char *note)
{
	struct verdict v = { .origin = origin, .name = name };
	char text[512];
	struct row *r;

	if (e->rows == EXPLAIN_ROWS)
		return;
	r = &e->row[e->rows++];
	*r = (struct row){ .layer = layer, .verdict = verdict, .origin = origin, .note = note };
	if (name.len <= HOST_MAX && name.len)
		memcpy(r->name, name.p, name.len);
	snprintf(r->rule, sizeof(r->rule), "%.*s", SPAN_FMT(rules_origin_text(e->rules, &v, text, sizeof(text))));
}

static void add_verdict(struct explain *e, const char *layer, struct verdict v, const char *note)
{
	static const char *const word[] = { [ACT_PASS] = "pass", [ACT_ALLOW] = "allow", [ACT_BLOCK] = "block",
					    [ACT_LIMIT] = "limit" };
	struct row *r = &e->row[e->rows];
	const char *only;
	char text[600];

	if (e->rows == EXPLAIN_ROWS)
		return;
	add_row(e, layer, word[v.action], v.origin, v.name, note);
	r->blocks = v.action == ACT_BLOCK;
	only = r->blocks ? rules_only_requests(e->rules, e->facts.client, e->facts.host, &v, text, sizeof(text)) : NULL;
	snprintf(r->only, sizeof(r->only), "%s", only ? only : "");
}

/* what depends on who asks, when that was not said; and what lists of mode observe would do */
static void add_more(struct explain *e, struct verdict v)
{
	struct facts_given third = { .url = e->facts.url, .unknown_is_third = true };
	struct facts f = e->facts;
	char url[CLI_URL_BYTES + 8];

	if (v.action != ACT_BLOCK && f.source_host.len == 0 && f.type != RES_DOCUMENT) {
		snprintf(url, sizeof(url), "%s%.*s", e->asked.plain ? "http://" : "https://", SPAN_FMT(f.url));
		third.url = span_of(url);
		f.given = &third;
		v = rules_request(e->rules, &f);
		if (v.action == ACT_BLOCK)
			add_verdict(e, "request", v, "if a page of another site asks for it");
	}
	v = rules_observe(e->rules, &e->facts);
	if (v.action == ACT_BLOCK && rules_request(e->rules, &e->facts).action != ACT_BLOCK)
		add_row(e, "observe", "block", v.origin, v.name, "it would, but is only observed");
}

/* cookies and sizes: the rules that could act here, with the first that acts on all of them */
static void add_candidates(struct explain *e, const char *layer, enum rules_kind kind, const char *some)
{
	static const char *const word[] = { [ACT_ALLOW] = "allow", [ACT_BLOCK] = "block", [ACT_LIMIT] = "limit" };
	unsigned before = e->rows;
	enum rules_action action;
	uint32_t origin = 0;
	bool certain = false;

	while (!certain && (origin = rules_candidate(e->rules, &e->facts, kind, origin, &action, &certain)))
		add_row(e, layer, word[action], origin, (struct span){ "", 0 }, certain ? "" : some);
	if (e->rows == before)
		add_row(e, layer, "pass", 0, (struct span){ "", 0 }, "");
}

__attribute__((format(printf, 5, 6)))
static void add_about(struct explain *e, const char *layer, const char *verdict, uint32_t origin, const char *about, ...)
{
	unsigned at = e->rows;
	va_list ap;

	add_row(e, layer, verdict, origin, (struct span){ "", 0 }, "");
	if (e->rows == at)
		return;
	va_start(ap, about);
	vsnprintf(e->row[at].about, sizeof(e->row[at].about), about, ap);
	va_end(ap);
	e->row[at].note = e->row[at].about;
}

static void tell_param(struct span param, uint32_t origin, bool observe, void *arg)
{
	add_about(arg, "parameter", observe ? "would" : "remove", origin, "%.*s", SPAN_FMT(span_until(param, '=')));
}

/* does the filter hold for every request? */
static bool is_generic(struct span text)
{
	return text.len && text.p[0] == '$' && !memmem(text.p, text.len, "domain=", 7);
}

/* filters of lists for cookies that hold; the many that hold everywhere are only counted */
static void add_cookie_filters(struct explain *e)
{
	static struct rules_filter found[LIMIT_FILTERS_AT_ONCE];
	size_t n = rules_filters(e->rules, &e->facts, RULES_FILTER_COOKIES, found, ARRAY_LEN(found)), said = 0;

	for (size_t i = 0; i < n && said < EXPLAIN_FILTERS; i++) {
		if (is_generic(found[i].text))
			continue;
		add_row(e, "cookies", found[i].exception ? "except" : found[i].observe ? "would" : "filter", found[i].origin,
			(struct span){ "", 0 }, "");
		said++;
	}
	if (n > said)
		add_about(e, "cookies", "filter", 0, "%zu %sfilters of lists hold: ask with --cookie NAME", n - said,
			  said ? "more " : "");
}

static void add_cookie(struct explain *e, const char *name)
{
	static const char *const word[] = { [CHANGE_NOTHING] = "pass", [CHANGE_REMOVE] = "remove", [CHANGE_LIMIT] = "limit",
					    [CHANGE_CAP] = "cap" };
	static const char *const site[] = { [SAME_SITE_AS_SENT] = "as sent", [SAME_SITE_NONE] = "None",
					    [SAME_SITE_LAX] = "Lax", [SAME_SITE_STRICT] = "Strict" };
	struct change_cookie c = { .what = CHANGE_NOTHING };

	if (change_cookies(e->rules, &e->facts))
		change_cookie(span_of(name), &c);
	if (c.what == CHANGE_CAP && c.cap.max_age > 0)
		add_about(e, "cookie", "cap", c.origin, "%s: at most %lld s, SameSite %s", name, (long long)c.cap.max_age,
			  site[c.cap.same_site]);
	else if (c.what == CHANGE_CAP)
		add_about(e, "cookie", "cap", c.origin, "%s: SameSite %s", name, site[c.cap.same_site]);
	else
		add_about(e, "cookie", c.observed ? "would" : word[c.what], c.observed ? c.observed : c.origin,
			  c.what == CHANGE_NOTHING && !c.observed ? "no filter takes %s" : "%s", name);
}

/* what the filters of lists change in a request that passes */
static void add_changes(struct explain *e, const char *cookie)
{
	static char out[CLI_URL_BYTES];
	struct span target = span_skip(e->facts.url, span_until(e->facts.url, '/').len);
	struct facts f = e->facts;
	size_t len;

	if (f.type == RES_UNKNOWN)	/* most of these filters are for documents only */
		f.type = RES_DOCUMENT;
	if (change_target(e->rules, &f, target, out, &len, tell_param, e))
		add_about(e, "target", "change", 0, "it becomes %.*s%s", len < 80 ? (int)len : 80, out,
			  f.type == e->facts.type ? "" : ", if this is a document");
	if (cookie)
		add_cookie(e, cookie);
	else
		add_cookie_filters(e);
}

/* what a DNS answer for the host becomes, where its chain is the name alone */
static void add_dns(struct explain *e)
{
	static const char *const word[] = { [REFUSAL_NO_NAME] = "nxdomain", [REFUSAL_NO_DATA] = "nodata" };
	struct verdict v = rules_connection(e->rules, e->facts.client, NULL, e->facts.host, e->facts.minute);
	char chain[HOST_MAX + 1];
	struct refusal_asked asked = { .client = e->facts.client, .links = 1, .minute = e->facts.minute };
	enum refusal refusal;
	uint32_t origin;

	if (e->facts.server || e->facts.host.len > HOST_MAX)
		return;
	chain[0] = (char)e->facts.host.len;
	memcpy(chain + 1, e->facts.host.p, e->facts.host.len);
	asked.chain = (struct span){ chain, 1 + e->facts.host.len };
	refusal = refusal_of(e->rules, &asked, &origin);
	if (refusal && origin)
		add_row(e, "dns", word[refusal], origin, v.name, "");
	else if (refusal)
		add_about(e, "dns", word[refusal], 0, "doh: refuse denies names that lead around this filter");
	else if (v.action == ACT_BLOCK)
		add_about(e, "dns", "pass", 0, "the answer passes, and its addresses are learned (dns: learn)");
	else
		add_verdict(e, "dns", v, "");
}

static void answer(struct explain *e, const char *cookie)
{
	struct facts image = e->facts;
	struct verdict v;

	add_dns(e);
	add_verdict(e, "connection", rules_connection(e->rules, e->facts.client, e->facts.server,
						       e->facts.host, e->facts.minute), "");
	v = rules_request(e->rules, &e->facts);
	add_verdict(e, "request", v, e->asked.plain ? "" : "if it were plain http; of https only the connection is seen");
	add_more(e, v);
	if (e->facts.type != RES_IMAGE) {
		image.type = RES_IMAGE;
		v = rules_request(e->rules, &image);
		if (v.kind == KIND_IMAGES && v.action != ACT_PASS)
			add_verdict(e, "image", v, "if it is an image");
	}
	add_candidates(e, "image size", KIND_IMAGES, "images of these sizes only");
	add_candidates(e, "cookies", KIND_COOKIES, "cookies of these names only");
	if (rules_request(e->rules, &e->facts).action != ACT_BLOCK)
		add_changes(e, cookie);
}

static void print_why(FILE *out, const struct explain *e, const struct row *row)
{
	char text[512];
	struct rules_origin o;

	if (!rules_origin(e->rules, row->origin, &o, text, sizeof(text))) {
		fputs(row->about[0] && !row->origin ? "" : "no rule says anything", out);
		return;
	}
	fprintf(out, "%.*s:%u  ", SPAN_FMT(o.file), o.line);
	if (o.own)
		fprintf(out, "%.*s", SPAN_FMT(o.text));
	else
		fprintf(out, "%s", row->rule);
	if (o.own && row->name[0])
		fprintf(out, "  [%s]", row->name);
}

static void print_rows(const struct explain *e, const char *client)
{
	printf("%s%.*s\n  type %s, client %s, page %s%s\n", e->asked.whole ? "" : "host ",
	       SPAN_FMT(e->asked.whole ? e->facts.url : e->facts.host), type_name(e->facts.type), client ? client : "unknown",
	       e->source[0] ? e->source : "unknown",
	       e->facts.third_party ? e->facts.type == RES_DOCUMENT ? " (another site, but a navigation is never third party)" :
	       " (third party)" : "");
	for (unsigned i = 0; i < e->rows; i++) {
		const struct row *r = &e->row[i];

		printf("  %-11s %-6s ", r->layer, r->verdict);
		print_why(stdout, e, r);
		if (r->about[0] && !r->origin)
			printf("%s\n", r->about);
		else
			printf("%s%s%s\n", r->note[0] ? "  (" : "", r->note, r->note[0] ? ")" : "");
		if (r->blocks)
			printf("%21sacts on %s%s\n", "", r->only[0] ? "port 80; not on connections: " : "connections and port 80",
			       r->only);
	}
}

static void print_json(const struct explain *e, const char *client)
{
	struct json j = { .out = stdout };

	json_open(&j, NULL, '{');
	json_string(&j, "host", e->asked.host_text);
	json_string(&j, "url", e->asked.whole ? e->asked.url_text : NULL);
	json_string(&j, "type", type_name(e->facts.type));
	json_string(&j, "client", client);
	json_string(&j, "page", e->source[0] ? e->source : NULL);
	json_bool(&j, "third_party", e->facts.third_party && e->facts.type != RES_DOCUMENT);
	json_open(&j, "layers", '[');
	for (unsigned i = 0; i < e->rows; i++) {
		const struct row *r = &e->row[i];
		char text[512], file[4096];
		struct rules_origin o;

		json_open(&j, NULL, '{');
		json_string(&j, "layer", r->layer);
		json_string(&j, "verdict", r->verdict);
		if (rules_origin(e->rules, r->origin, &o, text, sizeof(text))) {
			snprintf(file, sizeof(file), "%.*s", SPAN_FMT(o.file));
			json_string(&j, "file", file);
			json_number(&j, "line", o.line);
			json_bool(&j, "own", o.own);
			json_string(&j, "rule", r->rule);
			json_string(&j, "name", r->name[0] ? r->name : NULL);
		}
		if (r->note[0])
			json_string(&j, "note", r->note);
		if (r->blocks) {
			json_bool(&j, "acts_on_connections", !r->only[0]);
			json_bool(&j, "acts_on_port_80", true);
			json_string(&j, "not_on_connections", r->only[0] ? r->only : NULL);
		}
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	putchar('\n');
}

/* --- the verb --------------------------------------------------------------- */

static int usage(void)
{
	fprintf(stderr, "usage: dejunk explain URL|HOST [--client IP|HARDWARE] [--referer URL] [--type T] [--cookie NAME] [-c FILE]\n"
			"                      [--state-dir DIR] [--json]\n"
			"       dejunk explain --batch FILE [--lists LIST,... | -c FILE] [--state-dir DIR]\n");
	return 2;
}

struct rules *cli_rules_load(const char *path, const char *state_dir)
{
	struct rules_opener opener = { rules_open_directly, (void *)(uintptr_t)state_dir };
	struct rules_report report;
	struct rules *rules = NULL;
	char why[200] = "", *text;
	int fd;

	rules_report_init(&report);
	fd = rules_load(path, 0, &opener, &report);
	text = rules_report_text(&report);
	fputs(text ? text : "", stderr);
	free(text);
	if (fd >= 0) {
		rules = rules_map(fd, why, sizeof(why));
		close(fd);
		if (!rules)
			fprintf(stderr, "%s: %s\n", path, why);
	}
	rules_report_fini(&report);
	return rules;
}

static bool parse_type(struct explain *e, const char *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].name, arg) == 0) {
			e->facts.type = types[i].type;
			return true;
		}
	fprintf(stderr, "dejunk: \"%s\" is no type; expected one of", arg);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		fprintf(stderr, " %s", types[i].name);
	fputc('\n', stderr);
	return false;
}

static bool explain_client(struct explain *e, const char *text)
{
	struct prefix hw;

	if (!prefix_parse_hw(&hw, span_of(text)))
		return addr_parse(&e->client.ip, span_of(text));
	e->client.hw_known = true;
	memcpy(e->client.hw, hw.net.ip, sizeof(e->client.hw));
	return true;
}

int verb_explain(int argc, char **argv)
{
	static struct explain e;
	const char *what = NULL, *client = NULL, *referer = NULL, *type = NULL, *path = NULL, *state = NULL, *cookie = NULL;
	struct rules *rules;
	bool json = false;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--batch") == 0)
			return verb_explain_batch(argc, argv);
	for (int i = 1; i < argc; i++) {
		const char **option = strcmp(argv[i], "--client") == 0 ? &client : strcmp(argv[i], "--referer") == 0 ? &referer :
				      strcmp(argv[i], "--type") == 0 ? &type : strcmp(argv[i], "--cookie") == 0 ? &cookie :
				      strcmp(argv[i], "-c") == 0 ? &path :
				      strcmp(argv[i], "--state-dir") == 0 ? &state : NULL;

		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (option && i + 1 < argc)
			*option = argv[++i];
		else if (!option && argv[i][0] != '-' && !what)
			what = argv[i];
		else
			return usage();
	}
	if (!what)
		return usage();
	if (!explain_url(&e, what)) {
		fprintf(stderr, "dejunk: \"%s\" is no URL and no host name\n", what);
		return 2;
	}
	if (client && !explain_client(&e, client)) {
		fprintf(stderr, "dejunk: \"%s\" is no IP address and no link-layer address\n", client);
		return 2;
	}
	if (referer && !explain_referer(&e, referer)) {
		fprintf(stderr, "dejunk: there is no host in \"%s\"\n", referer);
		return 2;
	}
	e.facts.type = guess_type(e.facts.url);
	e.facts.method = FILTER_METHOD_GET;
	if (type && !parse_type(&e, type))
		return 2;
	e.facts.client = client ? &e.client : NULL;
	rules = cli_rules_load(path ? path : cli_rules_path(), state);
	if (!rules)
		return 2;
	e.rules = rules;
	e.facts.third_party = rules_third_party(rules, e.facts.host, e.facts.source_host);
	e.facts.minute = rules_minute(time(NULL));
	answer(&e, cookie);
	if (json)
		print_json(&e, client);
	else
		print_rows(&e, client);
	rules_put(rules);
	return 0;
}
