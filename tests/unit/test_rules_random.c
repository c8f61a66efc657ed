/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
/* random rules and questions: the decisions equal those of a slow and obvious reading of DESIGN section 6;
 * and an image with any byte changed is refused or decides something, but never crashes */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fnmatch.h>

#include "host.h"
#include "rules_text.h"

static unsigned seed;

static unsigned pick(unsigned n)
{
	return (unsigned)rand_r(&seed) / 7 % n;
}

static const char *const hosts[] = { "a.test", "b.a.test", "c.b.a.test", "ba.test", "d.test", "x.d.test", "192.0.2.1", "test" };
static const char *const urls[] = { "*", "*/ads/*", "a.test/*", "*.a.test/*", "*a.test/*", "*gif", "b.a.test/ads/*", "*?q*", "*/x", "a*d.test/*" };
static const char *const paths[] = { "/", "/ads/1", "/x", "/1.gif", "/ads/q?q=1", "/ADS/2.GIF" };
static const char *const cookies[] = { "uid", "_ga", "_ga_X", "UID" };
static const char *const names[] = { "uid", "_ga*", "*" };
static const unsigned sizes[][2] = { { 1, 1 }, { 468, 60 }, { 88, 31 } };
static const char *const nets[] = { "198.51.100.0/24", "198.51.100.7", "2001:db8::/32" };
static const char *const addrs[] = { "198.51.100.7", "198.51.100.8", "2001:db8::1", "203.0.113.1" };
static const char *const groups[] = { "192.168.1.0/28", "192.168.1.0/24" };	/* g0, g1 */
static const char *const clients[] = { "192.168.1.3", "192.168.1.30", "10.0.0.1" };
static const char *const kind_name[] = { "connections", "requests", "cookies", "images", "everything" };
static const char *const listed[] = { "d.test", "c.b.a.test" };

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* every condition: a set of values by bit, 0: it has none */
struct simple {
	enum rules_action action;
	enum rules_kind kind;
	unsigned host, exact, url, name, size, net, group, between, party;	/* party: 1 third, 2 first */
};

static struct simple random_rule(void)
{
	struct simple s = { .action = (enum rules_action)(ACT_ALLOW + pick(2)), .kind = (enum rules_kind)pick(5) };

	if (s.kind == KIND_EVERYTHING)
		s.action = ACT_ALLOW;
	if (s.kind == KIND_COOKIES && pick(3) == 0)
		s.action = ACT_LIMIT;
	if (pick(3))
		s.host = 1u << pick(N(hosts)) | (pick(3) ? 0 : 1u << pick(N(hosts)));
	s.exact = pick(1 << N(hosts));
	if (s.kind != KIND_CONNECTIONS) {
		if (pick(3) == 0)
			s.url = 1u << pick(N(urls)) | (pick(3) ? 0 : 1u << pick(N(urls)));
		if (pick(6) == 0)
			s.party = 1 + pick(2);
	}
	if (s.kind == KIND_COOKIES && pick(2))
		s.name = 1u << pick(N(names));
	if (s.kind == KIND_IMAGES && pick(2))
		s.size = 1u << pick(N(sizes));
	if (pick(8) == 0)
		s.net = 1u << pick(N(nets));
	if (pick(8) == 0)
		s.group = 1u << pick(N(groups));
	if (pick(8) == 0)
		s.between = 1;
	if (s.action != ACT_ALLOW && !(s.host | s.url | s.party | s.name | s.size | s.net | s.group | s.between))
		s.host = 1;
	return s;
}

static void print_set(FILE *out, const char *key, unsigned set, const char *const *values, unsigned exact)
{
	if (!set)
		return;
	fprintf(out, ", %s: [", key);
	for (unsigned i = 0; set >> i; i++)
		if (set >> i & 1)
			fprintf(out, "\"%s%s\",", exact >> i & 1 ? "=" : "", values[i]);
	fputc(']', out);
}

static void print_rule(FILE *out, const struct simple *s)
{
	fprintf(out, "  - {%s: %s", s->action == ACT_ALLOW ? "allow" : s->action == ACT_BLOCK ? "block" : "limit", kind_name[s->kind]);
	print_set(out, "host", s->host, hosts, s->exact);
	print_set(out, "url", s->url, urls, 0);
	print_set(out, "name", s->name, names, 0);
	print_set(out, "address", s->net, nets, 0);
	for (unsigned i = 0; s->size >> i; i++)
		if (s->size >> i & 1)
			fprintf(out, ", size: %ux%u", sizes[i][0], sizes[i][1]);
	if (s->group)
		fprintf(out, ", group: g%d", s->group == 2);
	if (s->between)
		fputs(", between: \"sun 22:00-06:00\"", out);
	if (s->party)
		fprintf(out, ", third_party: %s", s->party == 1 ? "yes" : "no");
	fputs("}\n", out);
}

struct asked {
	const char *host, *url, *cookie, *source;
	const struct addr *client, *server;
	unsigned minute, w, h;
	bool third, connection, image;
};

enum truth { NO, MAYBE, YES };

static bool prefix_text_has(const char *text, const struct addr *a)
{
	struct prefix p = { 0 };

	return a && prefix_parse(&p, span_of(text)) && prefix_has(&p, a);
}

static enum truth naive_holds(const struct simple *s, const struct asked *q)
{
	enum truth t = YES;
	bool any = false;

	for (unsigned i = 0; i < N(hosts); i++)
		if (s->host >> i & 1)
			any |= s->exact >> i & 1 ? strcmp(hosts[i], q->host) == 0 : host_covers(span_of(hosts[i]), span_of(q->host));
	if (s->host && !any)
		return NO;
	any = false;
	for (unsigned i = 0; i < N(nets); i++)
		any |= s->net >> i & 1 && prefix_text_has(nets[i], q->server);
	if (s->net && !any)
		return NO;
	any = false;
	for (unsigned i = 0; i < N(groups); i++)
		any |= s->group >> i & 1 && prefix_text_has(groups[i], q->client);
	if (s->group && !any)
		return NO;
	if (s->between && !(q->minute >= 6 * 1440 + 1320 || q->minute < 360))
		return NO;
	if (q->connection)
		return s->url || s->name || s->size || s->party ? MAYBE : YES;
	if (s->party && (s->party == 1) != q->third)
		return NO;
	any = false;
	for (unsigned i = 0; i < N(urls); i++) {
		char glob[64];
		size_t n = 0;

		for (const char *c = urls[i]; *c; c++) {	/* "?" is itself here */
			if (*c == '?')
				glob[n++] = '\\';
			glob[n++] = *c;
		}
		glob[n] = '\0';
		any |= s->url >> i & 1 && fnmatch(glob, q->url, FNM_CASEFOLD) == 0;
	}
	if (s->url && !any)
		return NO;
	any = false;
	for (unsigned i = 0; q->cookie && i < N(names); i++)
		any |= s->name >> i & 1 && fnmatch(names[i], q->cookie, 0) == 0;
	if (s->name && q->cookie && !any)
		return NO;
	if (s->name && !q->cookie)
		t = MAYBE;
	any = false;
	for (unsigned i = 0; i < N(sizes); i++)
		any |= s->size >> i & 1 && sizes[i][0] == q->w && sizes[i][1] == q->h;
	if (s->size && q->w && !any)
		return NO;
	if (s->size && !q->w)
		t = MAYBE;
	return t;
}

/* index of the rule that decides a kind, -1 none, -2: wait for the size */
static int naive_first(const struct simple *rules, int n, enum rules_kind kind, const struct asked *q)
{
	for (int i = 0; i < n; i++) {
		enum truth t = rules[i].kind == kind || rules[i].kind == KIND_EVERYTHING ? naive_holds(&rules[i], q) : NO;

		if (t == YES)
			return i;
		if (t == MAYBE && kind == KIND_IMAGES && !q->connection && rules[i].action == ACT_ALLOW)
			return -2;
	}
	return -1;
}

static bool naive_listed(const char *host)
{
	for (unsigned i = 0; i < N(listed); i++)
		if (host_covers(span_of(listed[i]), span_of(host)))
			return true;
	return false;
}

/* "host/..." or "*something/..." as the beginning of a glob names a host */
static bool naive_names(const struct simple *s, const char *host)
{
	for (unsigned i = 0; i < N(urls); i++) {
		const char *u = urls[i], *slash = strchr(u, '/');
		size_t hl = strlen(host), n;

		if (!(s->url >> i & 1) || !slash)
			continue;
		n = (size_t)(slash - u);
		if (n && !memchr(u, '*', n) && n == hl && memcmp(u, host, n) == 0)
			return true;
		if (n > 1 && u[0] == '*' && !memchr(u + 1, '*', n - 1) && hl >= n - 1 && memcmp(host + hl - (n - 1), u + 1, n - 1) == 0)
			return true;
	}
	return false;
}

static enum rules_action naive_connection(const struct simple *rules, int n, const struct asked *q)
{
	int i = naive_first(rules, n, KIND_CONNECTIONS, q);
	enum rules_action a = i >= 0 ? rules[i].action : naive_listed(q->host) ? ACT_BLOCK : ACT_PASS;

	for (i = 0; a == ACT_BLOCK && i < n; i++) {
		const struct simple *s = &rules[i];
		enum truth t = naive_holds(s, q);

		if (s->action == ACT_ALLOW && t != NO && (s->host || s->net || naive_names(s, q->host)) &&
		    (s->kind == KIND_REQUESTS || s->kind == KIND_IMAGES || (s->kind == KIND_EVERYTHING && t == MAYBE)))
			return ACT_ALLOW;
	}
	return a;
}

static enum rules_action naive_request(const struct simple *rules, int n, const struct asked *q)
{
	int c = naive_first(rules, n, KIND_CONNECTIONS, q), r = naive_first(rules, n, KIND_REQUESTS, q);
	int i = q->image ? naive_first(rules, n, KIND_IMAGES, q) : -1;
	enum rules_action ca = c >= 0 ? rules[c].action : naive_listed(q->host) ? ACT_BLOCK : ACT_PASS;
	enum rules_action ra = r >= 0 ? rules[r].action : ACT_PASS, ia = i >= 0 ? rules[i].action : ACT_PASS;

	if (ra == ACT_BLOCK)
		return ACT_BLOCK;
	if (ca == ACT_BLOCK && ra != ACT_ALLOW && ia != ACT_ALLOW)
		return ACT_BLOCK;
	if (ia == ACT_BLOCK)
		return ACT_BLOCK;
	return ra == ACT_ALLOW || ia == ACT_ALLOW || ca == ACT_ALLOW ? ACT_ALLOW : ACT_PASS;
}

static enum rules_action naive_one(const struct simple *rules, int n, enum rules_kind kind, const struct asked *q)
{
	int i = naive_first(rules, n, kind, q);

	return i >= 0 ? rules[i].action : ACT_PASS;
}

static const struct text_file list[] = { { "l", SPAN_LIT("d.test\nc.b.a.test\n") }, { NULL, { NULL, 0 } } };

static char *random_yaml(struct simple *rules, int n)
{
	char *yaml = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&yaml, &len);

	fprintf(out, "lists: [{file: l}]\ngroups: {g0: %s, g1: %s}\nrules:\n", groups[0], groups[1]);
	for (int i = 0; i < n; i++) {
		rules[i] = random_rule();
		print_rule(out, &rules[i]);
	}
	fclose(out);
	return yaml;
}

static void compare(const struct rules *r, const struct simple *rules, int n, const char *yaml)
{
	char url[100];
	struct station client = { 0 };
	struct addr server;
	struct asked q = { .host = hosts[pick(N(hosts))], .source = hosts[pick(N(hosts))], .minute = pick(10080) };
	struct facts f = { .minute = (uint16_t)q.minute, .type = RES_UNKNOWN };
	enum rules_action got, want;
	const char *what = "connection";

	if (pick(3) && addr_parse(&client.ip, span_of(clients[pick(N(clients))]))) {
		f.client = &client;
		q.client = &client.ip;
	}
	if (pick(3) && addr_parse(&server, span_of(addrs[pick(N(addrs))])))
		q.server = f.server = &server;
	snprintf(url, sizeof(url), "%s%s", q.host, paths[pick(N(paths))]);
	q.url = url;
	f.url = span_of(url);
	f.host = span_of(q.host);
	f.source_host = span_of(q.source);
	f.third_party = q.third = rules_third_party(r, f.host, f.source_host);
	q.connection = true;
	got = rules_connection(r, f.client, f.server, f.host, f.minute).action;
	if (host_is_address(f.host))	/* a name is what is looked up */
		q.host = "";
	want = naive_connection(rules, n, &q);
	q.host = f.host.p;
	q.connection = false;
	if (got == want) {
		what = "request";
		got = rules_request(r, &f).action;
		want = naive_request(rules, n, &q);
	}
	if (got == want) {
		what = "image";
		f.type = RES_IMAGE;
		q.image = true;
		got = rules_request(r, &f).action;
		want = naive_request(rules, n, &q);
	}
	if (got == want) {
		unsigned s = pick(N(sizes));

		what = "size";
		q.w = sizes[s][0];
		q.h = sizes[s][1];
		got = rules_image_size(r, &f, q.w, q.h).action;
		want = naive_one(rules, n, KIND_IMAGES, &q);
		if (want == ACT_BLOCK)
			assert_true(rules_may_touch_sizes(r, &f));
	}
	if (got == want) {
		what = "cookie";
		q.cookie = cookies[pick(N(cookies))];
		got = rules_cookie(r, &f, span_of(q.cookie)).action;
		want = naive_one(rules, n, KIND_COOKIES, &q);
		if (want == ACT_BLOCK || want == ACT_LIMIT)
			assert_true(rules_may_touch_cookies(r, &f));
	}
	if (got != want)
		fail_msg("%s %s from %s, minute %u: got %d, want %d\n%s", what, url, q.source, q.minute, (int)got, (int)want, yaml);
}

static void decisions_equal_the_obvious_ones(void **state)
{
	(void)state;
	for (seed = 1; seed < 400; ) {
		unsigned start = seed;
		struct simple rules[80];
		int n = 1 + (int)pick(seed % 4 ? 8 : 80);
		char *yaml = random_yaml(rules, n);
		struct rules *r = rules_text_map(yaml, list);

		for (int i = 0; i < 60; i++)
			compare(r, rules, n, yaml);
		rules_put(r);
		free(yaml);
		seed = start + 1;
	}
}

/* --- broken images ------------------------------------------------------------ */

static void use(struct rules *r)
{
	struct addr a;
	struct station who = { 0 };
	struct facts f = { .host = SPAN_LIT("c.b.a.test"), .url = SPAN_LIT("c.b.a.test/ads/1.gif"), .source_host = SPAN_LIT("d.test"),
			   .third_party = true, .type = RES_IMAGE, .client = &who, .server = &a };
	struct rules_origin o;
	struct rules_summary s;
	enum rules_action action;
	bool certain;
	char text[64];
	uint32_t at = 0;

	addr_parse(&a, SPAN_LIT("192.168.1.3"));
	who.ip = a;
	rules_origin(r, rules_connection(r, &who, &a, f.host, 9).origin, &o, text, sizeof(text));
	rules_origin(r, rules_request(r, &f).origin, &o, text, sizeof(text));
	rules_image_size(r, &f, 1, 1);
	rules_cookie(r, &f, SPAN_LIT("_ga"));
	while ((at = rules_candidate(r, &f, KIND_COOKIES, at, &action, &certain)))
		;
	for (uint32_t i = 0; i < rules_host_count(r); i++)
		host_covers(rules_host(r, i), f.host);
	rules_summary(r, &s);
	rules_next_boundary(r, 1000000);
	rules_put(r);
}

static void try_image(const char *p, size_t len)
{
	char path[] = "/tmp/dejunk-image-XXXXXX", why[200];
	static int file = -1;
	struct rules *r;

	/* an ordinary file: a memfd would have to be sealed, and could not be used again */
	if (file < 0) {
		file = mkstemp(path);
		assert_true(file >= 0);
		unlink(path);
	}
	assert_int_equal(ftruncate(file, (off_t)len), 0);
	assert_int_equal(pwrite(file, p, len, 0), (ssize_t)len);
	r = rules_map(file, why, sizeof(why));
	if (r)
		use(r);
}

static void a_broken_image_never_crashes(void **state)
{
	static const uint8_t to[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct simple rules[12];
	struct rules_report report;
	char *yaml, *p;
	int fd;
	off_t len;

	(void)state;
	seed = 7;
	yaml = random_yaml(rules, 12);
	fd = rules_text_build(span_of(yaml), list, &report);
	assert_true(fd >= 0);
	len = lseek(fd, 0, SEEK_END);
	p = malloc((size_t)len);
	assert_int_equal(pread(fd, p, (size_t)len, 0), len);
	try_image(p, (size_t)len);
	for (off_t i = 0; i < len; i++) {
		char was = p[i];

		/* the gateway section is long, plain and checked field by field: every 16th byte of what is zero */
		for (size_t k = 0; k < sizeof(to); k++) {
			if (was == 0 && i % 16 && k != 1)
				continue;
			p[i] = (char)to[k];
			try_image(p, (size_t)len);
		}
		p[i] = (char)(was ^ 0x10);
		if (was)
			try_image(p, (size_t)len);
		p[i] = was;
	}
	for (off_t n = 0; n < len; n += 1 + n / 64)
		try_image(p, (size_t)n);
	free(p);
	close(fd);
	free(yaml);
	rules_report_fini(&report);
}

static void an_unsealed_memfd_is_refused(void **state)
{
	struct rules_report report;
	char why[200], buf[1 << 16];
	int fd = rules_text_build(SPAN_LIT("rules: []\n"), NULL, &report), copy;
	ssize_t n = pread(fd, buf, sizeof(buf), 0);

	(void)state;
	assert_true(n > 0);
	assert_true(write(fd, "x", 1) < 0);	/* what we hand out cannot be changed */
	assert_true(ftruncate(fd, 1) < 0);
	copy = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(write(copy, buf, (size_t)n), n);
	assert_null(rules_map(copy, why, sizeof(why)));
	assert_string_equal(why, "rule image is not sealed");
	close(copy);
	close(fd);
	rules_report_fini(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions_equal_the_obvious_ones),
		cmocka_unit_test(a_broken_image_never_crashes),
		cmocka_unit_test(an_unsealed_memfd_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
