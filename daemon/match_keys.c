/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_keys - candidates of a filter and what they cost */
#include "match_keys.h"

#include <stdlib.h>

#include "match_hash.h"

enum { KEYS_LOG2 = 18, KEYS_TEXT = 1024,	/* bytes of a pattern that are looked at */
       COST_HOST = 4, COST_SOURCE = 24 };

struct match_counts {
	uint32_t filters[1 << KEYS_LOG2];
	uint16_t common[1 << KEYS_LOG2];	/* of a token: in how many of 1000 URLs */
};

/* tokens in at least 8 of 1000 URLs of a crawl of many sites */
static const struct { const char *token; uint16_t of_1000; } common[] = {
	{ "0", 206 }, { "01", 8 }, { "02", 8 }, { "03", 8 }, { "1", 189 }, { "10", 11 }, { "100", 8 },
	{ "11", 18 }, { "115938465", 9 }, { "115938466", 9 }, { "115938468", 8 }, { "115938469", 10 },
	{ "116991816", 9 }, { "116991817", 8 }, { "12", 8 }, { "15", 13 }, { "16", 8 }, { "2", 81 }, { "20", 34 },
	{ "2026", 10 }, { "22", 17 }, { "24", 19 }, { "253a", 8 }, { "26", 10 }, { "26gdpr", 10 }, { "26id", 10 },
	{ "26uid", 9 }, { "2c", 25 }, { "2f", 126 }, { "2fsync", 8 }, { "2fwww", 57 }, { "3", 52 }, { "32", 8 },
	{ "3a", 131 }, { "3d", 54 }, { "3d0", 13 }, { "3d1", 13 }, { "4", 30 }, { "5", 29 }, { "5d", 18 },
	{ "6", 21 }, { "600", 25 }, { "7", 21 }, { "7b", 14 }, { "7c", 14 }, { "7d", 29 }, { "8", 28 },
	{ "80", 9 }, { "800", 23 }, { "800x600", 10 }, { "9", 15 }, { "a", 38 }, { "ac", 13 }, { "ad", 22 },
	{ "adnxs", 8 }, { "ads", 27 }, { "adserver", 13 }, { "adsrvr", 8 }, { "adsystem", 13 }, { "amazon", 40 },
	{ "analytics", 19 }, { "api", 37 }, { "app", 16 }, { "assets", 79 }, { "async", 12 }, { "auid", 11 },
	{ "auto", 9 }, { "aw", 11 }, { "b", 15 }, { "bg", 11 }, { "br", 9 }, { "browser", 8 }, { "bundle", 9 },
	{ "c", 39 }, { "ca", 11 }, { "callback", 13 }, { "cb", 21 }, { "cdn", 58 }, { "chunks", 22 },
	{ "cid", 16 }, { "client", 13 }, { "clientlibs", 8 }, { "cm", 20 }, { "cn", 9 }, { "co", 20 },
	{ "collect", 15 }, { "com", 711 }, { "common", 9 }, { "components", 9 }, { "config", 12 },
	{ "consent", 81 }, { "content", 41 }, { "cookie", 18 }, { "cs", 21 }, { "css", 52 }, { "cv", 13 },
	{ "d", 23 }, { "data", 21 }, { "dc", 9 }, { "de", 30 }, { "default", 8 }, { "desktop", 9 },
	{ "dist", 14 }, { "dl", 14 }, { "dma", 18 }, { "doubleclick", 28 }, { "dsp", 8 }, { "dt", 16 },
	{ "e", 12 }, { "ec", 8 }, { "en", 45 }, { "etc", 9 }, { "eu", 12 }, { "event", 16 }, { "ex", 8 },
	{ "exp", 22 }, { "external", 8 }, { "f", 18 }, { "facebook", 10 }, { "false", 19 }, { "ffffff", 8 },
	{ "files", 10 }, { "fmt", 19 }, { "fonts", 18 }, { "format", 9 }, { "fr", 11 }, { "frm", 23 },
	{ "fst", 9 }, { "g", 50 }, { "gcd", 18 }, { "gdpr", 86 }, { "gif", 27 }, { "global", 8 },
	{ "google", 48 }, { "gpp", 18 }, { "gtag", 9 }, { "gtm", 28 }, { "guid", 10 }, { "h", 31 }, { "hm", 9 },
	{ "home", 17 }, { "homepage", 13 }, { "html", 26 }, { "http", 95 }, { "https", 911 }, { "i", 44 },
	{ "icon", 10 }, { "icons", 11 }, { "id", 102 }, { "image", 19 }, { "images", 63 }, { "img", 39 },
	{ "index", 12 }, { "io", 27 }, { "is", 13 }, { "it", 11 }, { "jp", 9 }, { "jpg", 79 }, { "js", 264 },
	{ "json", 22 }, { "k", 11 }, { "l", 11 }, { "live", 8 }, { "logo", 13 }, { "m", 33 }, { "main", 13 },
	{ "match", 20 }, { "media", 36 }, { "min", 47 }, { "n", 17 }, { "na", 9 }, { "net", 133 }, { "next", 29 },
	{ "nid", 12 }, { "noapi", 12 }, { "npa", 18 }, { "o", 14 }, { "on", 12 }, { "openx", 8 }, { "org", 28 },
	{ "p", 39 }, { "page", 23 }, { "pagead", 17 }, { "partner", 9 }, { "php", 16 }, { "pid", 27 },
	{ "pixel", 30 }, { "pl", 10 }, { "plugins", 10 }, { "png", 54 }, { "prebid", 8 }, { "privacy", 36 },
	{ "prod", 22 }, { "pscdl", 13 }, { "pub", 9 }, { "public", 9 }, { "pubmatic", 17 }, { "px", 9 },
	{ "q", 14 }, { "r", 33 }, { "random", 14 }, { "redir", 14 }, { "redirect", 11 }, { "res", 8 },
	{ "ru", 45 }, { "s", 68 }, { "sc", 12 }, { "scripts", 10 }, { "sd", 9 }, { "secure", 8 }, { "sid", 33 },
	{ "site", 14 }, { "sites", 8 }, { "source", 10 }, { "src", 11 }, { "ssl", 13 }, { "ssp", 10 },
	{ "st", 10 }, { "static", 99 }, { "svg", 36 }, { "sync", 59 }, { "t", 38 }, { "tag", 27 },
	{ "themes", 12 }, { "tiba", 8 }, { "tid", 12 }, { "time", 10 }, { "token", 9 }, { "track", 11 },
	{ "true", 24 }, { "ts", 11 }, { "tu", 12 }, { "tv", 10 }, { "type", 24 }, { "tz", 9 }, { "u", 35 },
	{ "uaa", 13 }, { "uab", 13 }, { "uafvl", 13 }, { "uam", 13 }, { "uamb", 13 }, { "uap", 13 },
	{ "uapv", 13 }, { "uaw", 13 }, { "ui", 9 }, { "uid", 28 }, { "uk", 10 }, { "uploads", 12 }, { "url", 37 },
	{ "us", 81 }, { "user", 32 }, { "utf", 9 }, { "uuid", 9 }, { "v", 54 }, { "v1", 34 }, { "v2", 26 },
	{ "v3", 9 }, { "ver", 18 }, { "version", 14 }, { "video", 9 }, { "view", 11 }, { "w", 37 }, { "web", 26 },
	{ "webp", 14 }, { "width", 12 }, { "woff2", 17 }, { "wp", 29 }, { "www", 203 }, { "x", 17 }, { "y", 12 },
	{ "yandex", 9 }, { "z", 9 },
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

/* --- tokens --------------------------------------------------------------- */

struct tokens {
	uint32_t hash[KEYS_TEXT / 2];
	uint32_t len[KEYS_TEXT / 2];
	size_t count;
};

static void tokens_of(const struct url_key *k, const struct match_filed *f, struct tokens *t)
{
	struct runs r = { .len = 0 };

	if (f->record->flags & MATCH_REGEX)
		runs_of_regex(f->pattern, &r);
	else
		runs_of_pattern(f->record, f->pattern, &r);
	t->count = 0;
	for (size_t i = 0, n; i < r.len; i += n + 1) {
		for (n = 0; i + n < r.len && url_is_token(r.text[i + n]); n++)
			;
		if (n == 0 || i == 0 || i + n >= r.len || r.text[i - 1] == RUN_OPEN || r.text[i + n] == RUN_OPEN)
			continue;
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

static uint64_t token_cost(const struct match_counts *c, uint32_t hash, uint32_t len)
{
	uint32_t usual = c->common[hash >> (32 - KEYS_LOG2)];

	if (usual < 8)
		usual = len == 1 ? 12 : len == 2 ? 8 : len == 3 ? 5 : 2;
	return (uint64_t)usual * (count_of(c, hash) + 3);
}

size_t match_keys_choose(const struct url_key *k, struct match_counts *c, const struct match_filed *f,
			 uint32_t keys[MATCH_KEYS_MAX], bool *by_source)
{
	uint64_t best = UINT64_MAX;
	struct tokens t;

	*by_source = false;
	if (f->host_fp) {
		keys[0] = match_key_host(f->host_fp);
		best = COST_HOST * ((uint64_t)count_of(c, keys[0]) + 3);
		if (best <= COST_HOST * 5)
			return 1;
	}
	tokens_of(k, f, &t);
	for (size_t i = 0; i < t.count; i++) {
		uint64_t cost = token_cost(c, t.hash[i], t.len[i]);

		if (cost < best) {
			best = cost;
			keys[0] = t.hash[i];
		}
	}
	if (f->sources && f->sources <= MATCH_KEYS_MAX && best > COST_SOURCE * f->sources) {
		*by_source = true;
		for (size_t i = 0; i < f->sources; i++)
			keys[i] = match_key_source(f->source[i]);
		return f->sources;
	}
	return best != UINT64_MAX;
}
