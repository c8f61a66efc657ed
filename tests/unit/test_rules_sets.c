/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
/* random lists, for different clients and of different modes: what they decide together, and which filters a badfilter takes
 * away from which list, equals a slow and obvious reading of docs/lists.md */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "match_naive.h"
#include "rules_text.h"

enum { LISTS = 5, LINES = 5, ROUNDS = 300 };

static unsigned seed;

static unsigned pick(unsigned n)
{
	return (unsigned)rand_r(&seed) / 7 % n;
}

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct { const char *name; const char *prefix; } groups[] = {
	{ "kids", "10.0.0.0/28" }, { "house", "10.0.0.0/24" }, { "guests", "10.1.0.0/16" }, { "some", "10.0.0.8/29" },
};
static const char *const clients[] = { "10.0.0.3", "10.0.0.9", "10.0.0.99", "10.1.2.3", "192.0.2.1" };	/* one of each kind */
static const char *const filters[] = {
	"||a.test^", "||b.a.test^", "||a.test^$script", "||a.test^$important", "/ads/$image", "/ads/$image,domain=p.test|q.test",
	"||a.test^$script,to=~c.a.test", "||a.test^$redirect=noopjs", "@@||a.test^", "@@||b.a.test^$script", "@@/ads/$image",
	"@@||a.test^$important", "@@/ads/$domain=q.test",
};
static const char *const urls[] = { "a.test/x", "b.a.test/x", "b.a.test/ads/1", "c.a.test/ads/1", "d.test/ads/1", "d.test/x" };

struct simple {			/* one list */
	unsigned groups;	/* a bit each; 0: for everyone */
	bool observe, allow;
	char line[LINES][96];
	uint64_t twin[LINES];	/* filter_twin() of each as it counts */
	bool bad[LINES];
	char text[LINES * 96];
};

static struct simple list[LISTS];

/* the filter as it counts: all of a list of exceptions are exceptions */
static void naive_read(const struct simple *l, unsigned line, struct filter *f)
{
	static char text[100];	/* a filter refers to it */

	snprintf(text, sizeof(text), "%s%s", l->allow && l->line[line][0] != '@' ? "@@" : "", l->line[line]);
	filter_parse(span_of(text), f);
	assert_int_equal(f->kind, FILTER_NETWORK);
}

static void random_list(struct simple *l)
{
	static struct filter parsed;

	*l = (struct simple){ .groups = pick(2) ? 0 : 1u << pick(N(groups)) | (pick(3) ? 0 : 1u << pick(N(groups))) };
	if (pick(3) == 0)
		l->observe = true;
	else if (pick(4) == 0)
		l->allow = true;
	for (unsigned i = 0; i < LINES; i++) {
		const char *f = filters[pick(N(filters))];
		const char *off = pick(3) ? "" : strchr(f, '$') ? ",badfilter" : "$badfilter";

		snprintf(l->line[i], sizeof(l->line[i]), "%s%s", f, off);
		snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%s\n", l->line[i]);
		naive_read(l, i, &parsed);
		l->twin[i] = filter_twin(&parsed, true);
		l->bad[i] = parsed.badfilter;
	}
}

static void print_lists(char *yaml, size_t len)
{
	FILE *out = fmemopen(yaml, len, "w");

	fputs("groups:\n", out);
	for (unsigned g = 0; g < N(groups); g++)
		fprintf(out, "  %s: %s\n", groups[g].name, groups[g].prefix);
	fputs("lists:\n", out);
	for (unsigned i = 0; i < LISTS; i++) {
		fprintf(out, "  - {file: list%u%s%s", i, list[i].observe ? ", mode: observe" : "", list[i].allow ? ", allow: yes" : "");
		fputs(list[i].groups ? ", groups: [" : "", out);
		for (unsigned g = 0; g < N(groups); g++)
			if (list[i].groups >> g & 1)
				fprintf(out, "%s,", groups[g].name);
		fputs(list[i].groups ? "]}\n" : "}\n", out);
	}
	fclose(out);
}

/* --- the obvious reading ---------------------------------------------------- */

static bool naive_is_for(const struct simple *l, const char *client)
{
	struct addr a;

	assert_true(addr_parse(&a, span_of(client)));
	for (unsigned g = 0; g < N(groups); g++) {
		struct prefix p = { 0 };

		assert_true(prefix_parse(&p, span_of(groups[g].prefix)));
		if (l->groups >> g & 1 && prefix_has(&p, &a))
			return true;
	}
	return l->groups == 0;
}

/* may a badfilter of @by act on @on? */
static bool naive_acts(const struct simple *by, const struct simple *on)
{
	if (by->allow != on->allow || (by->observe && !on->observe))
		return false;
	for (unsigned c = 0; c < N(clients); c++)
		if (naive_is_for(on, clients[c]) && !naive_is_for(by, clients[c]))
			return false;
	return true;
}

static bool naive_off(const struct simple *on, unsigned line)
{
	for (unsigned i = 0; i < LISTS; i++)
		for (unsigned k = 0; k < LINES; k++)
			if (list[i].bad[k] && list[i].twin[k] == on->twin[line] && naive_acts(&list[i], on))
				return true;
	return false;
}

static enum match_result naive_together(const struct match_question *q, const char *client, bool observe)
{
	static struct filter f;
	bool found[2][2] = { 0 }, lifted = false;	/* [exception][important] */

	for (unsigned i = 0; i < LISTS; i++) {
		if (!naive_is_for(&list[i], client) || (list[i].observe && !observe))
			continue;
		for (unsigned k = 0; k < LINES; k++) {
			if (list[i].bad[k])
				continue;
			naive_read(&list[i], k, &f);
			if (!naive_holds(&f, q, psl_builtin()) || (f.action == FILTER_REDIRECT && f.exception && !list[i].allow) ||
			    naive_off(&list[i], k))
				continue;
			if (list[i].allow)
				lifted = true;
			else
				found[f.exception][f.important] = true;
		}
	}
	if (!found[0][0] && !found[0][1])
		return MATCH_PASS;
	if (lifted || found[1][1] || (found[1][0] && !found[0][1]))
		return MATCH_ALLOW;
	return MATCH_BLOCK;
}

/* --- ours, and both compared -------------------------------------------------- */

static void ask(struct rules *r, unsigned *seen)
{
	static const enum match_result result[] = { [ACT_PASS] = MATCH_PASS, [ACT_ALLOW] = MATCH_ALLOW, [ACT_BLOCK] = MATCH_BLOCK };
	static const char *const pages[] = { "", "p.test", "q.test", "a.test" };
	const char *client = clients[pick(N(clients))];
	struct station a = { .hw_known = false };
	struct facts f = { .url = span_of(urls[pick(N(urls))]), .type = pick(2) ? RES_SCRIPT : RES_IMAGE, .client = &a,
			   .method = FILTER_METHOD_GET, .source_host = span_of(pages[pick(N(pages))]) };
	struct match_question q = { .source = f.source_host, .method = f.method,
				    .type = f.type == RES_SCRIPT ? FILTER_TYPE_SCRIPT : FILTER_TYPE_IMAGE };
	enum match_result want, would;
	struct verdict v;
	char url[64], text[LISTS * (LINES * 96 + 20)] = "";

	assert_true(addr_parse(&a.ip, span_of(client)));
	f.host = span_until(f.url, '/');
	snprintf(url, sizeof(url), "http://%.*s", SPAN_FMT(f.url));
	q.url = span_of(url);
	want = naive_together(&q, client, false);
	would = naive_together(&q, client, true);
	v = rules_request(r, &f);
	if (result[v.action] == want && (want == MATCH_BLOCK || (rules_observe(r, &f).action == ACT_BLOCK) == (would == MATCH_BLOCK))) {
		seen[want]++;
		seen[3] += want != MATCH_BLOCK && would == MATCH_BLOCK;
		return;
	}
	for (unsigned i = 0; i < LISTS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "--- groups %x%s%s\n%s", list[i].groups,
			 list[i].observe ? " observe" : "", list[i].allow ? " allow" : "", list[i].text);
	fail_msg("seed %u: %s asks %s: %d instead of %d, observed %d\n%s", seed, client, url, (int)result[v.action], (int)want,
		 (int)would, text);
}

static void lists_decide_as_the_obvious_reading_does(void **state)
{
	unsigned seen[4] = { 0 }, taken = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct text_file files[LISTS + 1] = { { NULL, { NULL, 0 } } };
		static char name[LISTS][8], yaml[2000];
		struct rules *r;

		seed = round + 1;
		for (unsigned i = 0; i < LISTS; i++) {
			random_list(&list[i]);
			snprintf(name[i], sizeof(name[i]), "list%u", i);
			files[i] = (struct text_file){ name[i], span_of(list[i].text) };
		}
		for (unsigned i = 0; i < LISTS; i++)
			for (unsigned k = 0; k < LINES; k++)
				taken += !strstr(list[i].line[k], "badfilter") && naive_off(&list[i], k);
		print_lists(yaml, sizeof(yaml));
		r = rules_text_map(yaml, files);
		for (unsigned i = 0; i < 20; i++)
			ask(r, seen);
		rules_put(r);
	}
	/* the generator makes enough of each */
	assert_true(seen[MATCH_PASS] > 300 && seen[MATCH_BLOCK] > 300 && seen[MATCH_ALLOW] > 300 && seen[3] > 100 && taken > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_decide_as_the_obvious_reading_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
