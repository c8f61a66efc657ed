/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_keys - candidates of a filter and what they cost */
#include "match_keys.h"

#include <stdlib.h>

#include "match_hash.h"

enum { KEYS_LOG2 = 18, KEYS_TEXT = 1024,	/* bytes of a pattern that are looked at */
       COST_HOST = 1, COST_PAGES = 1, COST_BEGINNING = 8,	/* of 1000 requests */
       PAGES_SPARE = 4,		/* pages that cost as much as one of 1000 requests: mostly memory */
       COMMON_LEAST = 5, NEED_MOST = 400, COMMON_KEY = 100,
       RARE_NEEDLE = 6 };

struct match_counts {
	uint32_t filters[1 << KEYS_LOG2];
	uint16_t common[1 << KEYS_LOG2];	/* of a token: in how many of 1000 URLs */
};

/* tokens in at least 5 of 1000 URLs of a crawl of many sites */
static const struct { const char *token; uint16_t of_1000; } common[] = {
	{ "0", 206 }, { "01", 8 }, { "02", 8 }, { "03", 8 }, { "1", 189 }, { "10", 11 }, { "100", 8 },
	{ "11", 18 }, { "115938465", 9 }, { "115938466", 9 }, { "115938468", 8 }, { "115938469", 10 },
	{ "116991816", 9 }, { "116991817", 8 }, { "12", 8 }, { "13", 7 }, { "13l3l3l3l1l1", 7 }, { "14", 7 },
	{ "15", 13 }, { "16", 8 }, { "17", 5 }, { "1ynn", 5 }, { "2", 81 }, { "20", 34 }, { "2019", 7 },
	{ "2025", 5 }, { "2026", 10 }, { "20and", 7 }, { "22", 17 }, { "24", 19 }, { "24uid", 6 }, { "25", 5 },
	{ "252f", 7 }, { "253a", 8 }, { "26", 10 }, { "26gdpr", 10 }, { "26id", 10 }, { "26uid", 9 },
	{ "2c", 25 }, { "2f", 126 }, { "2fcs", 7 }, { "2fs", 7 }, { "2fsync", 8 }, { "2fwww", 57 }, { "3", 52 },
	{ "30", 5 }, { "300", 7 }, { "31", 6 }, { "32", 8 }, { "3a", 131 }, { "3a0", 5 }, { "3a1", 5 },
	{ "3d", 54 }, { "3d0", 13 }, { "3d1", 13 }, { "4", 30 }, { "400", 6 }, { "5", 29 }, { "50", 6 },
	{ "5b", 7 }, { "5d", 18 }, { "6", 21 }, { "60", 7 }, { "600", 25 }, { "7", 21 }, { "7b", 14 },
	{ "7c", 14 }, { "7d", 29 }, { "8", 28 }, { "80", 9 }, { "800", 23 }, { "800x600", 10 }, { "9", 15 },
	{ "90", 5 }, { "a", 38 }, { "ac", 13 }, { "action", 6 }, { "ad", 22 }, { "adnxs", 8 }, { "ads", 27 },
	{ "adserver", 13 }, { "adsid", 5 }, { "adsrvr", 8 }, { "adsystem", 13 }, { "adx", 5 }, { "ah", 6 },
	{ "ai", 6 }, { "aid", 7 }, { "alicdn", 6 }, { "all", 5 }, { "am", 5 }, { "amazon", 40 },
	{ "analytics", 19 }, { "api", 37 }, { "app", 16 }, { "as", 5 }, { "assets", 79 }, { "async", 12 },
	{ "auid", 11 }, { "auto", 9 }, { "aw", 11 }, { "b", 15 }, { "banner", 5 }, { "bc", 6 }, { "bd", 5 },
	{ "be", 5 }, { "beacon", 5 }, { "bg", 11 }, { "bidder", 7 }, { "bidswitch", 7 }, { "br", 9 },
	{ "browser", 8 }, { "build", 5 }, { "bundle", 9 }, { "bundles", 7 }, { "c", 39 }, { "c1", 5 },
	{ "ca", 11 }, { "callback", 13 }, { "casalemedia", 5 }, { "cat", 5 }, { "cb", 21 }, { "cc", 7 },
	{ "cd", 7 }, { "cdn", 58 }, { "cf", 5 }, { "cgi", 5 }, { "chunk", 7 }, { "chunks", 22 }, { "cid", 16 },
	{ "client", 13 }, { "clientlibs", 8 }, { "cloudfront", 5 }, { "cm", 20 }, { "cmf", 5 }, { "cms", 5 },
	{ "cn", 9 }, { "co", 20 }, { "code", 6 }, { "collect", 15 }, { "com", 711 }, { "common", 9 },
	{ "components", 9 }, { "config", 12 }, { "consent", 81 }, { "content", 41 }, { "cookie", 18 },
	{ "core", 7 }, { "count", 5 }, { "criteo", 6 }, { "cs", 21 }, { "css", 52 }, { "ct", 7 }, { "custom", 6 },
	{ "cv", 13 }, { "d", 23 }, { "dam", 5 }, { "data", 21 }, { "dc", 9 }, { "de", 30 }, { "default", 8 },
	{ "desktop", 9 }, { "dist", 14 }, { "dl", 14 }, { "dma", 18 }, { "domain", 7 }, { "doubleclick", 28 },
	{ "dsp", 8 }, { "dt", 16 }, { "e", 12 }, { "ec", 8 }, { "eid", 6 }, { "en", 45 }, { "es", 5 },
	{ "etc", 9 }, { "eu", 12 }, { "ev", 6 }, { "event", 16 }, { "events", 7 }, { "ex", 8 }, { "exp", 22 },
	{ "external", 8 }, { "f", 18 }, { "facebook", 10 }, { "false", 19 }, { "ffffff", 8 }, { "files", 10 },
	{ "fit", 7 }, { "fls", 5 }, { "fmt", 19 }, { "fonts", 18 }, { "format", 9 }, { "fr", 11 }, { "frm", 23 },
	{ "fst", 9 }, { "g", 50 }, { "g111", 5 }, { "gcd", 18 }, { "gcs", 7 }, { "gdid", 6 }, { "gdpr", 86 },
	{ "get", 7 }, { "getuid", 5 }, { "gid", 5 }, { "gif", 27 }, { "global", 8 }, { "google", 48 },
	{ "googleads", 5 }, { "gov", 7 }, { "gpp", 18 }, { "gstatic", 6 }, { "gtag", 9 }, { "gtm", 28 },
	{ "guid", 10 }, { "h", 31 }, { "height", 7 }, { "his", 5 }, { "hm", 9 }, { "hn", 7 }, { "home", 17 },
	{ "homepage", 13 }, { "html", 26 }, { "http", 95 }, { "https", 911 }, { "i", 44 }, { "ib", 6 },
	{ "icon", 10 }, { "icons", 11 }, { "id", 102 }, { "iframe", 5 }, { "image", 19 }, { "images", 63 },
	{ "img", 39 }, { "index", 12 }, { "info", 6 }, { "io", 27 }, { "is", 13 }, { "it", 11 }, { "j", 7 },
	{ "jp", 9 }, { "jpg", 79 }, { "jquery", 7 }, { "js", 264 }, { "json", 22 }, { "k", 11 }, { "key", 5 },
	{ "l", 11 }, { "li", 5 }, { "lib", 5 }, { "linkedin", 6 }, { "list", 5 }, { "live", 8 }, { "locale", 5 },
	{ "logo", 13 }, { "m", 33 }, { "main", 13 }, { "match", 20 }, { "mc", 7 }, { "media", 36 },
	{ "microsoft", 6 }, { "min", 47 }, { "modules", 5 }, { "ms", 5 }, { "n", 17 }, { "na", 9 }, { "name", 7 },
	{ "net", 133 }, { "new", 5 }, { "news", 5 }, { "next", 29 }, { "nid", 12 }, { "noapi", 12 },
	{ "npa", 18 }, { "nuxt", 5 }, { "o", 14 }, { "on", 12 }, { "openx", 8 }, { "ord", 6 }, { "org", 28 },
	{ "origin", 7 }, { "p", 39 }, { "page", 23 }, { "pagead", 17 }, { "pagead2", 5 }, { "pages", 5 },
	{ "partner", 9 }, { "php", 16 }, { "pid", 27 }, { "pixel", 30 }, { "pl", 10 }, { "platform", 5 },
	{ "plugins", 10 }, { "png", 54 }, { "prebid", 8 }, { "privacy", 36 }, { "prod", 22 }, { "pscdl", 13 },
	{ "pub", 9 }, { "pubid", 5 }, { "public", 9 }, { "pubmatic", 17 }, { "pug", 7 }, { "puid", 6 },
	{ "push", 5 }, { "pv", 6 }, { "px", 9 }, { "q", 14 }, { "qa", 7 }, { "r", 33 }, { "random", 14 },
	{ "redir", 14 }, { "redirect", 11 }, { "ref", 7 }, { "res", 8 }, { "resources", 7 }, { "rnd", 7 },
	{ "rs", 6 }, { "rt", 5 }, { "rtb", 6 }, { "ru", 45 }, { "s", 68 }, { "s3", 7 }, { "sc", 12 },
	{ "scripts", 10 }, { "sd", 9 }, { "sdk", 6 }, { "sec", 6 }, { "secure", 8 }, { "securepubads", 5 },
	{ "seedtag", 5 }, { "session", 5 }, { "sh", 5 }, { "sid", 33 }, { "site", 14 }, { "sites", 8 },
	{ "source", 10 }, { "sr", 7 }, { "src", 11 }, { "ssl", 13 }, { "ssp", 10 }, { "st", 10 }, { "stable", 5 },
	{ "static", 99 }, { "styles", 5 }, { "svg", 36 }, { "sw", 7 }, { "sync", 59 }, { "t", 38 },
	{ "taboola", 7 }, { "tag", 27 }, { "tags", 6 }, { "tfd", 6 }, { "themes", 12 }, { "thumb", 7 },
	{ "ti", 5 }, { "tiba", 8 }, { "tid", 12 }, { "time", 10 }, { "token", 9 }, { "top", 7 }, { "tr", 5 },
	{ "track", 11 }, { "true", 24 }, { "ts", 11 }, { "ttd", 6 }, { "tu", 12 }, { "tv", 10 }, { "type", 24 },
	{ "tz", 9 }, { "u", 35 }, { "ua", 5 }, { "uaa", 13 }, { "uab", 13 }, { "uafvl", 13 }, { "uam", 13 },
	{ "uamb", 13 }, { "uap", 13 }, { "uapv", 13 }, { "uaw", 13 }, { "ui", 9 }, { "uid", 28 }, { "uk", 10 },
	{ "ul", 7 }, { "upload", 5 }, { "uploads", 12 }, { "url", 37 }, { "us", 81 }, { "user", 32 },
	{ "usersync", 5 }, { "utf", 9 }, { "uuid", 9 }, { "v", 54 }, { "v1", 34 }, { "v2", 26 }, { "v3", 9 },
	{ "vcode", 7 }, { "ver", 18 }, { "version", 14 }, { "vid", 5 }, { "video", 9 }, { "view", 11 },
	{ "vk", 5 }, { "w", 37 }, { "web", 26 }, { "webp", 14 }, { "website", 7 }, { "widget", 5 },
	{ "width", 12 }, { "woff", 5 }, { "woff2", 17 }, { "wp", 29 }, { "www", 203 }, { "x", 17 }, { "y", 12 },
	{ "yahoo", 6 }, { "yandex", 9 }, { "yellowblue", 6 }, { "z", 9 },
};

static void seen_common(const struct url_key *k, struct match_counts *c)
{
	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++) {
		char buf[16 + URL_TOKENS_PAD] = { 0 };
		size_t len = strlen(common[i].token);

		memcpy(buf, common[i].token, len < 16 ? len : 16);
		c->common[url_token_hash(k, buf, len) >> (32 - KEYS_LOG2)] = common[i].of_1000;
	}
	c->common[0] |= 1;	/* done */
}

struct match_counts *match_keys_new(void)
{
	return calloc(1, sizeof(struct match_counts));
}

void match_keys_free(struct match_counts *c)
{
	free(c);
}

/* --- runs of bytes that must be there ------------------------------------- */

/* literal runs of a pattern, one after the other, each ended by a zero byte that no token goes across; where a run's
 * first or last token might go on in the URL, RUN_OPEN stands beside it */
enum { RUN_OPEN = 1 };

struct runs {
	char text[KEYS_TEXT + URL_TOKENS_PAD];
	size_t len;
};

static void run_put(struct runs *r, char c)
{
	if (r->len < KEYS_TEXT)
		r->text[r->len++] = char_lower(c);
}

static void runs_of_pattern(const struct match_record *rec, struct span p, struct runs *r)
{
	run_put(r, rec->flags & (MATCH_START | MATCH_HOST) ? '\0' : RUN_OPEN);
	for (size_t i = 0; i < p.len && r->len < KEYS_TEXT - 4; i++)
		run_put(r, p.p[i] == '*' ? RUN_OPEN : p.p[i] == '^' ? '\0' : p.p[i]);
	/* a host alone ends where the host ends; a pattern that was cut goes on */
	run_put(r, rec->flags & (MATCH_END | MATCH_HOST_ONLY) && r->len < KEYS_TEXT - 4 ? '\0' : RUN_OPEN);
}

/* after an atom at @i: how long is its quantifier? */
static size_t quantifier(struct span x, size_t i)
{
	size_t n = 0;

	if (i < x.len && x.p[i] == '{') {
		while (i + n < x.len && x.p[i + n] != '}')
			n++;
		n++;
	} else if (i < x.len && strchr("*+?", x.p[i])) {
		n = 1;
	}
	while (n && i + n < x.len && strchr("?+", x.p[i + n]))
		n++;
	return n;
}

/* the end of the class that begins at @i */
static size_t class_end(struct span x, size_t i)
{
	i++;
	if (i < x.len && x.p[i] == '^')
		i++;
	if (i < x.len && x.p[i] == ']')
		i++;
	for (; i < x.len && x.p[i] != ']'; i++)
		if (x.p[i] == '\\')
			i++;
	return i < x.len ? i + 1 : x.len;
}

/* the end of the group that begins at @i; 0: it holds something that changes what the rest means */
static size_t group_end(struct span x, size_t i)
{
	size_t depth = 0;

	while (i < x.len) {
		char c = x.p[i];

		if (c == '\\') {
			i += 2;
			continue;
		}
		if (c == '[') {
			i = class_end(x, i);
			continue;
		}
		if (c == '(' && i + 1 < x.len && x.p[i + 1] == '*')
			return 0;
		if (c == '(' && i + 2 < x.len && x.p[i + 1] == '?' && !strchr(":=!", x.p[i + 2]))
			return 0;
		depth += c == '(';
		depth -= c == ')';
		i++;
		if (depth == 0)
			return i;
	}
	return 0;
}

/* what of a regular expression, outside of groups, must be there; nothing where in doubt */
static void runs_of_regex(struct span x, struct runs *r)
{
	run_put(r, RUN_OPEN);
	for (size_t i = 0; i < x.len && r->len < KEYS_TEXT - 4; ) {
		char c = x.p[i], literal = 0;
		size_t q;

		if (c == '|' || c == ')' || (c == '(' && !group_end(x, i)))
			goto nothing;
		if (c == '^' || c == '$') {
			run_put(r, i == 0 || i + 1 == x.len ? '\0' : RUN_OPEN);
			i++;
			continue;
		}
		if (c == '\\') {
			if (i + 1 >= x.len || (unsigned char)x.p[i + 1] >= 128)
				goto nothing;
			c = x.p[i + 1];
			i += 2;
			if (strchr("dDwWsSbB", c))
				literal = 0;
			else if (url_is_token(char_lower(c)))
				goto nothing;
			else
				literal = c;
		} else if (c == '(') {
			i = group_end(x, i);
		} else if (c == '[') {
			i = class_end(x, i);
		} else {
			i++;
			literal = c == '.' || (unsigned char)c >= 128 || (unsigned char)c < 32 ? 0 : c;
		}
		q = quantifier(x, i);
		i += q;
		run_put(r, literal && !q ? literal : RUN_OPEN);
	}
	run_put(r, RUN_OPEN);
	return;
nothing:
	r->len = 0;
	run_put(r, RUN_OPEN);
}

size_t match_keys_literal(struct span expression, char literal[MATCH_LITERAL_MAX])
{
	struct runs r = { .len = 0 };
	size_t best = 0, best_at = 0;

	runs_of_regex(expression, &r);
	for (size_t i = 0, n; i < r.len; i += n + 1) {
		for (n = 0; i + n < r.len && r.text[i + n] > RUN_OPEN; n++)
			;
		if (n > best) {
			best = n;
			best_at = i;
		}
	}
	if (best > MATCH_LITERAL_MAX)
		best = MATCH_LITERAL_MAX;
	memcpy(literal, r.text + best_at, best);
	return best;
}

/* how seldom a byte is in URLs, from 0 */
static unsigned rarity(char c)
{
	if (c >= '0' && c <= '9')
		return 3;
	if (c >= 'a' && c <= 'z')
		return strchr("etaosinrcmlpdhw", c) ? 1 : strchr("qzxjvk", c) ? 4 : 2;
	return strchr("/.:=&?-%", c) ? 1 : 4;
}

bool match_keys_needle(const struct match_filed *f, char needle[MATCH_NEEDLE])
{
	static const char everywhere[] = "https://www.";
	struct runs r = { .len = 0 };
	unsigned best = 0;

	if (f->record->flags & MATCH_REGEX)
		runs_of_regex(f->pattern, &r);
	else
		runs_of_pattern(f->record, f->pattern, &r);
	for (size_t i = 0, n = 0; i < r.len; i++) {
		const char *p = r.text + i + 1 - MATCH_NEEDLE;
		unsigned rare;

		n = r.text[i] > RUN_OPEN ? n + 1 : 0;
		if (n < MATCH_NEEDLE || memmem(everywhere, sizeof(everywhere), p, MATCH_NEEDLE))
			continue;
		rare = rarity(p[0]) + rarity(p[1]) + rarity(p[2]);
		if (rare > best) {
			best = rare;
			memcpy(needle, p, MATCH_NEEDLE);
		}
	}
	return best >= RARE_NEEDLE;
}

/* --- tokens --------------------------------------------------------------- */

struct tokens {
	uint32_t hash[KEYS_TEXT / 2];
	uint32_t len[KEYS_TEXT / 2];
	size_t count;
	int32_t beginning;	/* bit of a token's known beginning, whose end is open; -1: none */
};

static void tokens_of(const struct url_key *k, const struct match_filed *f, struct tokens *t)
{
	struct runs r = { .len = 0 };

	if (f->record->flags & MATCH_REGEX)
		runs_of_regex(f->pattern, &r);
	else
		runs_of_pattern(f->record, f->pattern, &r);
	t->count = 0;
	t->beginning = -1;
	for (size_t i = 0, n; i < r.len; i += n + 1) {
		for (n = 0; i + n < r.len && url_is_token(r.text[i + n]); n++)
			;
		if (n == 0 || i == 0 || i + n >= r.len || r.text[i - 1] == RUN_OPEN)
			continue;
		if (r.text[i + n] == RUN_OPEN) {
			if (n >= URL_BEGINNING && memcmp(r.text + i, "http", 4) != 0)
				t->beginning = (int32_t)url_bit_beginning(k, r.text + i);
			continue;
		}
		t->hash[t->count] = match_key_token(url_token_hash(k, r.text + i, n));
		t->len[t->count++] = (uint32_t)n;
	}
}

static uint32_t count_of(const struct match_counts *c, uint32_t key)
{
	return c->filters[key >> (32 - KEYS_LOG2)];
}

static void count_one(struct match_counts *c, uint32_t key)
{
	c->filters[key >> (32 - KEYS_LOG2)]++;
}

void match_keys_count(const struct url_key *k, struct match_counts *c, const struct match_filed *f)
{
	struct tokens t;

	if (!(c->common[0] & 1))
		seen_common(k, c);
	if (f->host_fp)
		count_one(c, match_key_host(f->host_fp));
	tokens_of(k, f, &t);
	for (size_t i = 0; i < t.count; i++)
		count_one(c, t.hash[i]);
}

/* in how many of 1000 URLs a token is thought to be; of two alike, the one that fewer filters have is better */
static uint32_t token_cost(const struct match_counts *c, uint32_t hash, uint32_t len)
{
	uint32_t usual = c->common[hash >> (32 - KEYS_LOG2)], filters = count_of(c, hash);

	if (usual < COMMON_LEAST)
		usual = len == 1 ? 10 : len == 2 ? 5 : len == 3 ? 3 : 1;
	return usual * 64 + (filters < 256 ? filters / 4 : 63);
}

/* the two bits with the least costs */
struct needs {
	uint32_t cost[2];
	uint16_t bit[2];
};

static void need_put(struct needs *n, uint32_t cost, uint32_t bit)
{
	unsigned i = cost < n->cost[0] ? 0 : 1;

	if (cost >= n->cost[i] || bit == n->bit[0])
		return;
	if (i == 0) {
		n->cost[1] = n->cost[0];
		n->bit[1] = n->bit[0];
	}
	n->cost[i] = cost;
	n->bit[i] = (uint16_t)bit;
}

size_t match_keys_choose(const struct url_key *k, struct match_counts *c, const struct match_filed *f,
			 uint32_t keys[MATCH_KEYS_MAX], bool *by_source, uint16_t need[2], bool *common_key)
{
	struct needs needs = { { NEED_MOST * 64, NEED_MOST * 64 }, { 0, 0 } };
	uint32_t best = UINT32_MAX, cost;
	struct tokens t;

	*by_source = false;
	if (f->host_fp) {
		keys[0] = match_key_host(f->host_fp);
		best = COST_HOST * 64 + (count_of(c, keys[0]) > 8 ? 64 * count_of(c, keys[0]) / 8 : 0);
	}
	tokens_of(k, f, &t);
	for (size_t i = 0; i < t.count; i++) {
		cost = token_cost(c, t.hash[i], t.len[i]);
		if (cost < best) {
			best = cost;
			keys[0] = t.hash[i];
		}
	}
	if (f->sources && f->sources <= MATCH_KEYS_MAX && best > 64 * (COST_PAGES + f->sources / PAGES_SPARE)) {
		*by_source = true;
		best = 0;
		for (size_t i = 0; i < f->sources; i++)
			keys[i] = match_key_source(f->source[i]);
	}
	for (size_t i = 0; i < t.count; i++)
		if (*by_source || t.hash[i] != keys[0])
			need_put(&needs, token_cost(c, t.hash[i], t.len[i]), url_bit_token(t.hash[i]));
	if (t.beginning >= 0)
		need_put(&needs, COST_BEGINNING * 64, (uint32_t)t.beginning);
	memcpy(need, needs.bit, sizeof(needs.bit));
	*common_key = best >= COMMON_KEY * 64;
	return *by_source ? f->sources : best != UINT32_MAX;
}
