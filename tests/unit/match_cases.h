/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_cases - filters and requests made of the same few words, so that they meet; match and match_naive must agree */
#ifndef DEJUNK_TESTS_MATCH_CASES_H
#define DEJUNK_TESTS_MATCH_CASES_H

#include "match_lists.h"
#include "match_naive.h"

/* choices: of a fuzzer's bytes as long as there are any, then pseudo-random */
struct dice {
	const uint8_t *p;
	size_t len;
	uint64_t seed;
};

static inline unsigned dice_roll(struct dice *d, unsigned sides)
{
	if (d->len) {
		d->len--;
		return *d->p++ % sides;
	}
	d->seed = d->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(d->seed >> 33) % sides;
}

#define DICE_PICK(d, a)	((a)[dice_roll((d), sizeof(a) / sizeof((a)[0]))])

struct words {
	char p[2048];
	size_t len;
};

static inline void words_add(struct words *w, const char *s)
{
	size_t n = strlen(s);

	if (w->len + n < sizeof(w->p)) {
		memcpy(w->p + w->len, s, n + 1);
		w->len += n;
	}
}

static inline void case_host(struct dice *d, struct words *w)
{
	static const char *const host[] = {
		"ads.example.com", "example.com", "example.co.uk", "cdn.example.co.uk", "ads.net", "a.b.ads.net", "x.org",
		"tracker.x.org", "news.test", "10.0.0.1", "1.2.3.4", "ad-server.com", "EXAMPLE.com", "my_ads.io", "google.com",
		"www.google.de", "blog.github.io", "com", "verylonglabelforahost.example.com",
	};

	words_add(w, DICE_PICK(d, host));
}

static inline void case_piece(struct dice *d, struct words *w)
{
	static const char *const piece[] = {
		"ads", "banner", "/", "/", "-", "_", ".", "js", "track", "=", "?", "&", "pixel", "1", "300x250", "%2F", "AdS", "a",
		"advertisement-container", ":", "img", ".gif", "/ads/", "/js/", "//", "x",
	};

	words_add(w, DICE_PICK(d, piece));
}

static inline void case_hosts(struct dice *d, struct words *w, bool negated)
{
	static const char *const more[] = { "google.*", "example.*", "ads.*" };
	unsigned n = 1 + dice_roll(d, 3);

	for (unsigned i = 0; i < n; i++) {
		words_add(w, i ? "|" : "");
		words_add(w, negated && dice_roll(d, 3) == 0 ? "~" : "");
		if (dice_roll(d, 6) == 0)
			words_add(w, DICE_PICK(d, more));
		else
			case_host(d, w);
	}
}

static inline void case_options(struct dice *d, struct words *w)
{
	static const char *const option[] = {
		"third-party", "~third-party", "3p", "1p", "strict3p", "strict1p", "script", "image", "~image", "document", "all",
		"xmlhttprequest", "~script", "subdocument", "match-case", "important", "important", "badfilter", "method=get",
		"method=post|put", "method=~get", "redirect=noop.js", "websocket", "other", "media", "~document",
	};
	unsigned n = dice_roll(d, 3);

	for (unsigned i = 0; i < n; i++) {
		words_add(w, i ? "," : "$");
		switch (dice_roll(d, 8)) {
		case 0: words_add(w, "domain="); case_hosts(d, w, true); break;
		case 1: words_add(w, "denyallow="); case_hosts(d, w, false); break;
		case 2: words_add(w, "to="); case_hosts(d, w, true); break;
		default: words_add(w, DICE_PICK(d, option));
		}
	}
}

static inline void case_filter(struct dice *d, struct words *w)
{
	static const char *const regex[] = {
		"/ads[0-9]+/", "/^https?:\\/\\/ads\\./", "/\\/banner(s|er)?\\//", "/track|pixel/", "/(ads|js)\\/x?/",
		"/\\.gif$/", "/\\/ads\\/.*\\.js/", "/ads?-1/", "/\\bpixel\\b/", "/[a-z]{3}\\.example\\.com\\/js\\//",
	};
	static const char *const anchor[] = { "", "", "|", "||", "||", "||" };
	static const char *const scheme[] = { "http://", "https:", "ads.", "exam", "*" };
	static const char *const joint[] = { "", "", "*", "^", "^", "/" };

	if (dice_roll(d, 4) == 0)
		words_add(w, "@@");
	if (dice_roll(d, 8) == 0) {
		words_add(w, DICE_PICK(d, regex));
	} else {
		const char *a = DICE_PICK(d, anchor);
		unsigned n = dice_roll(d, 4);

		words_add(w, a);
		if (a[0] && dice_roll(d, 3))
			case_host(d, w);
		else if (a[0])
			words_add(w, DICE_PICK(d, scheme));
		if (a[0] && dice_roll(d, 2))
			words_add(w, "^");
		for (unsigned i = 0; i < n; i++) {
			words_add(w, DICE_PICK(d, joint));
			case_piece(d, w);
		}
		words_add(w, dice_roll(d, 6) == 0 ? "^" : dice_roll(d, 6) == 0 ? "|" : "");
	}
	case_options(d, w);
}

static inline void case_url(struct dice *d, struct words *w)
{
	static const char *const scheme[] = { "http://", "https://", "HTTP://", "ws://" };
	static const char *const after[] = { "/", "/", "/", ":8080/", "?", "./" }, *const nothing[] = { "", ":80", "/" };
	unsigned n = dice_roll(d, 8);

	words_add(w, DICE_PICK(d, scheme));
	if (dice_roll(d, 12) == 0)
		words_add(w, "user:pw@");
	case_host(d, w);
	words_add(w, n ? DICE_PICK(d, after) : DICE_PICK(d, nothing));
	for (unsigned i = 0; i < n; i++)
		case_piece(d, w);
}

static inline void case_question(struct dice *d, struct words *url, struct words *source, struct match_question *q)
{
	*url = *source = (struct words){ .len = 0 };
	case_url(d, url);
	if (dice_roll(d, 5))
		case_host(d, source);
	for (size_t i = 0; i < source->len; i++)
		source->p[i] = char_lower(source->p[i]);
	*q = (struct match_question){
		.url = { url->p, url->len }, .source = { source->p, source->len }, .unknown_is_third = dice_roll(d, 2),
		.type = 1u << dice_roll(d, FILTER_TYPE_BITS), .method = 1u << dice_roll(d, 9),
	};
}

/* case_disagreement - one set of filters, some requests; tells and returns how many of them are decided otherwise */
static inline unsigned case_disagreement(struct dice *d, const psl_ctx_t *psl)
{
	enum { FILTERS = 24, QUESTIONS = 8 };
	static struct words text[FILTERS], all[2];
	struct span line[FILTERS], list[2];
	size_t lines = 1 + dice_roll(d, FILTERS);
	struct match_made made;
	unsigned wrong = 0;

	all[0].len = all[1].len = 0;
	all[0].p[0] = all[1].p[0] = '\0';
	for (size_t i = 0; i < lines; i++) {
		struct words *to = &all[dice_roll(d, 2)];

		text[i].len = 0;
		text[i].p[0] = '\0';
		case_filter(d, &text[i]);
		line[i] = (struct span){ text[i].p, text[i].len };
		if (to->len + text[i].len + 2 >= sizeof(to->p)) {
			lines = i;
			break;
		}
		words_add(to, text[i].p);
		words_add(to, "\n");
	}
	for (int i = 0; i < 2; i++)
		list[i] = (struct span){ all[i].p, all[i].len };
	match_make(&made, list, 2, d->seed, psl);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct words url, source;
		struct match_question q;
		struct match_verdict v;
		enum match_result want;
		static struct filter f;
		char out[HOST_MAX + 4];
		bool alone = true;

		case_question(d, &url, &source, &q);
		match_decide(made.match, &q, &v);
		want = naive_decide(line, lines, &q, psl);
		if (v.result != MATCH_PASS) {	/* the filter it names must hold by itself */
			filter_parse(match_text(made.match, &v, out, sizeof(out)), &f);
			alone = f.kind == FILTER_NETWORK && f.exception == (v.result == MATCH_ALLOW) && naive_holds(&f, &q, psl);
		}
		if (v.result == want && alone)
			continue;
		wrong++;
		printf("%d, expected %d%s: %s from '%s' type %x method %x unknown %d\n", v.result, want,
		       alone ? "" : ", and its filter does not hold", url.p, source.p, q.type, q.method, q.unknown_is_third);
		for (size_t l = 0; l < lines; l++)
			printf("\t%s\n", text[l].p);
	}
	match_unmake(&made);
	return wrong;
}

#endif
