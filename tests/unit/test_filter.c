/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: filter_parse filter_pattern filter_options filter_domain list_detect host addr regex */
/* one line of an Adblock, uBlock or AdGuard list: what it says, or why it is not used */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filter.h"
#include "filter_text.h"
#include "guard.h"

struct row {
	const char *line, *says, *why;
};

static void check(const struct row *rows, size_t count)
{
	char text[FILTER_TEXT_MAX];
	unsigned wrong = 0;

	for (size_t i = 0; i < count; i++) {
		struct filter f;

		filter_parse(guard_copy(span_of(rows[i].line)), &f);
		if (strcmp(filter_text(&f, text), rows[i].says)) {
			print_error("%s (%s)\n  says \"%s\"\n  not  \"%s\"\n", rows[i].line, rows[i].why, text, rows[i].says);
			wrong++;
		}
		assert_int_equal(f.kind, filter_kind_of(f.reason));
		assert_non_null(filter_kind_text(f.kind));
		assert_non_null(filter_reason_text(f.reason));
	}
	assert_int_equal(wrong, 0);
}
#define CHECK_ROWS(rows) check(rows, sizeof(rows) / sizeof(rows[0]))

static void tells_kinds(void **state)
{
	static const struct row rows[] = {
		{ "", "BLANK", "nothing" }, { "  \t", "BLANK", "blanks" }, { "! ads", "REMARK", "comment" }, { "!", "REMARK", "comment" },
		{ "# ads", "REMARK", "as in a hosts file" }, { "#", "REMARK", "as in a hosts file" },
		{ "#ads", "REMARK", "begins with # and is no cosmetic filter" }, { "#### x ##", "REMARK", "a heading" },
		{ "[Adblock Plus 2.0]", "HEADER", "header" }, { "[adblock]", "HEADER", "header" },
		{ "!#if env_firefox", "DIRECTIVE", "directive" }, { "!#else", "DIRECTIVE", "directive" },
		{ "!#include a.txt", "DIRECTIVE", "directive" }, { "!+ NOT_OPTIMIZED", "DIRECTIVE", "AdGuard's hint" },
		{ "!#####", "REMARK", "a heading" }, { "!#safari_cb_affinity(all)", "DIRECTIVE", "AdGuard's for Safari" },
		{ "##.ad", "ELEMENT_HIDING", "generic" }, { "a.test,~b.a.test##.ad", "ELEMENT_HIDING", "specific" },
		{ "a.test#@#.ad", "ELEMENT_HIDING", "exception" }, { "a.test#?#.ad:has(x)", "ELEMENT_HIDING", "extended" },
		{ "a.test#$#.ad { color: red }", "ELEMENT_HIDING", "style" }, { "a.test#@$?#.ad { }", "ELEMENT_HIDING", "style" },
		{ "a.test##^script:has-text(x)", "ELEMENT_HIDING", "HTML filter" },
		{ "a.test$$script[tag-content=\"x\"]", "ELEMENT_HIDING", "AdGuard's HTML filter" },
		{ "a.test$@$script[x]", "ELEMENT_HIDING", "AdGuard's exception of HTML filters" },
		{ "[$path=/x]a.test##.ad", "ELEMENT_HIDING", "AdGuard's modifiers of cosmetic filters" },
		{ "a.test##+js(set, x, 1)", "SCRIPTLET", "uBlock's" }, { "a.test#%#//scriptlet('x')", "SCRIPTLET", "AdGuard's" },
		{ "a.test#@%#//scriptlet('x')", "SCRIPTLET", "AdGuard's exception" },
		{ "@@||a.test^$generichide", "COSMETIC_CONTROL", "no element hiding here" },
		{ "@@||a.test^$ghide,shide", "COSMETIC_CONTROL", "uBlock's names" }, { "@@||a.test^$elemhide", "COSMETIC_CONTROL", "ABP" },
		{ "||a.test^$popup", "POPUP", "needs a browser" }, { "||a.test^$popup,third-party", "POPUP", "party is no type" },
		{ "||a.test^$popunder", "POPUP", "needs a browser" }, { "||a.test^$inline-script", "INLINE", "needs a page" },
		{ "||a.test^$webrtc,domain=b.test", "WEBRTC", "no HTTP" },
		{ "@@||a.test^$stealth", "PAGE_CONTROL", "AdGuard's" }, { "@@||a.test^$stealth=dpi", "PAGE_CONTROL", "with a value" },
		{ "@@||a.test^$script,stealth", "PAGE_CONTROL", "switches stealth off for scripts, unblocks nothing" },
		{ "@@||a.test^$jsinject", "PAGE_CONTROL", "AdGuard's" }, { "@@||a.test^$genericblock", "PAGE_CONTROL", "ABP's" },
		{ "||a.test^$app=com.x", "APP", "a gateway sees no applications" },
		{ "||a.test^$csp=script-src 'none'", "RESPONSE_CHANGE", "changes a response" },
		{ "||a.test^$permissions=sync-xhr=()", "RESPONSE_CHANGE", "changes a response" },
		{ "||a.test^$removeheader=x", "RESPONSE_CHANGE", "AdGuard's" }, { "||a.test$replace=/a,b/c/", "RESPONSE_CHANGE", "a body" },
		{ "||a.test^$urlskip=?u", "URL_CHANGE", "uBlock's" }, { "||a.test^$uritransform=/a/b/", "URL_CHANGE", "uBlock's" },
		{ "||a.test^$header=server:x", "RESPONSE_TEST", "known too late" },
		{ "||a.test^$ipaddress=192.0.2.1", "RESPONSE_TEST", "another layer" },
		{ "||a.test^$frobnicate", "OPTION_UNKNOWN", "never guessed" },
		{ "||a.test^$script,frobnicate=1", "OPTION_UNKNOWN", "never guessed" },
		{ "||a.test^$image,,script", "OPTION_UNKNOWN", "empty option" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void reads_patterns(void **state)
{
	static const struct row rows[] = {
		{ "||a.test^", "block host a.test +document", "a whole host" }, { "||a.test^*", "block host a.test +document", "the same" },
		{ "@@||a.test^", "allow host a.test", "exception" }, { "||A.Test^", "block host a.test +document", "case" },
		{ "||m\xc3\xbcller.test^", "block host xn--mller-kva.test +document", "IDN" },
		{ "||192.0.2.1^", "block host 192.0.2.1 +document", "an address is a host" },
		{ "||test^", "block host test +document", "a top-level domain, if somebody wants that" },
		{ "  ||a.test^ \t", "block host a.test +document", "blanks at the ends" },
		{ "||a.test^ # why", "block host a.test +document", "a comment behind" },
		{ "||a.test", "block ||a.test", "no ^: a beginning" }, { "||ads.", "block ||ads.", "a beginning" },
		{ "||a.test/ads", "block ||a.test/ads", "host and path" }, { "||a.test^ads", "block ||a.test^ads", "no whole host" },
		{ "||a.test:8080^", "block ||a.test:8080^", "a port is no host" }, { "||a.test^|", "block ||a.test^|", "its start page" },
		{ "||a.*^", "block ||a.", "all that begin so: ^ matches the end too" }, { "||*.a.test^", "block .a.test^", "uBlock drops such anchors" },
		{ "||.a.test^", "block .a.test^", "likewise" }, { "||-ads.", "block -ads.", "likewise" }, { "|*ads", "block ads", "likewise" },
		{ "|http://a.test/", "block |http://a.test/", "from the start" }, { "ads.js|", "block ads.js|", "at the end" },
		{ "|http://a.test/|", "block |http://a.test/|", "one URL" }, { "ads*|", "block ads", "an end after * means nothing" },
		{ "*/ads/*", "block /ads/", "* at the ends means nothing" }, { "/ads/*", "block /ads/", "not a regular expression" },
		{ "ads*^", "block ads", "^ after * matches the end" }, { "ads*^|", "block ads*^|", "kept: the last byte is a separator" },
		{ "/banner/*/img^", "block /banner/*/img^", "wildcards" }, { "&ad_box_", "block &ad_box_", "a piece" },
		{ "/Ads/x", "block /Ads/x", "case is kept; it is not compared" },
		{ "a.test", "block host a.test +document", "a bare host" }, { "a.test$image", "block host a.test image", "with types" },
		{ "a.test$3p", "block host a.test +document 3p", "with party" }, { "a.test$domain=b.test", "block a.test from=b.test", "uBlock: a piece" },
		{ "a.test$important", "block a.test important", "uBlock: a piece" }, { "-a.test", "block -a.test", "a piece" },
		{ "a_b.test", "block host a_b.test +document", "underscore" }, { "ads", "block ads", "no dot: a piece" },
		{ "0.0.0.0 a.test", "block host a.test +document", "as in a hosts file" }, { "127.0.0.1 A.test", "block host a.test +document", "likewise" },
		{ "::1 localhost", "LOCAL", "every hosts file has it" }, { "192.0.2.1 a.test", "PATTERN", "sends somewhere" },
		{ "0.0.0.0 nodot", "HOST", "no name" }, { "two words", "PATTERN", "blanks in it" }, { "||a.test/x y$image", "PATTERN", "likewise" },
		{ "/^https?:\\/\\/x[0-9]+\\//", "block /^https?:\\/\\/x[0-9]+\\//", "regular expression" },
		{ "/ads[0-9]/$script", "block /ads[0-9]/ script", "with options" }, { "/a(b/", "REGEX", "does not compile" },
		{ "/x$/", "block /x$/", "$ inside" }, { "@@/x/$image", "allow /x/ image", "exception" },
		{ "||a.test/\xd1\x8f", "block ||a.test/%d1%8f", "as it is on the wire" },
		{ "||m\xc3\xbcller.test/x", "block ||xn--mller-kva.test/x", "the host in ASCII" },
		{ "*", "TOO_SHORT", "everything" }, { "||", "TOO_SHORT", "everything" }, { "x", "TOO_SHORT", "nearly everything" },
		{ "@@", "TOO_SHORT", "everything" }, { "@@||", "TOO_SHORT", "everything" }, { "$image", "block any image", "no pattern, but options" },
		{ "*$script,3p", "block any script 3p", "likewise" }, { "||a.test/$", "block ||a.test/$", "nothing behind $" },
		{ "/x$y/z", "block /x$y/z", "no option could be called so" }, { "||a.test/\xff", "BYTES", "no UTF-8" },
		{ "||a\x01.test^", "BYTES", "control byte" }, { "||a.test/\xed\xa0\x80", "BYTES", "surrogate" },
	};
	static const char nul[] = "||a\0b.test^";
	static char long_line[70000];
	struct filter f;

	(void)state;
	CHECK_ROWS(rows);
	filter_parse(guard_copy((struct span){ nul, sizeof(nul) - 1 }), &f);
	assert_int_equal(f.reason, FILTER_REASON_BYTES);
	memset(long_line, 'a', sizeof(long_line));
	filter_parse((struct span){ long_line, sizeof(long_line) }, &f);
	assert_int_equal(f.reason, FILTER_REASON_LINE_TOO_LONG);
	filter_parse((struct span){ long_line, 2000 }, &f);
	assert_int_equal(f.reason, FILTER_REASON_PATTERN);
	/* what takes more room than there is when it is rewritten */
	memset(long_line, '\xc3', 1000);
	for (int i = 1; i < 1000; i += 2)
		long_line[i] = '\xbc';
	long_line[0] = '/', long_line[1] = '?';
	filter_parse((struct span){ long_line, 1000 }, &f);
	assert_int_equal(f.reason, FILTER_REASON_PATTERN);
}

static void reads_types_and_parties(void **state)
{
	static const struct row rows[] = {
		{ "/x/y$script,image", "block /x/y script+image", "two types, ordered" }, { "/x/y$xhr", "block /x/y xmlhttprequest", "uBlock's name" },
		{ "/x/y$css,frame,doc", "block /x/y document+subdocument+stylesheet", "uBlock's names" },
		{ "/x/y$ping", "block /x/y ping", "type" }, { "/x/y$beacon", "block /x/y ping", "synonym" },
		{ "/x/y$object-subrequest", "block /x/y object", "of old" }, { "/x/y$websocket,media,font,object,other",
		  "block /x/y font+object+media+websocket+other", "types" },
		{ "/x/y$script,~image", "block /x/y script", "both" }, { "/x/y$script,~script", "OPTION_CONFLICT", "uBlock: said twice" },
		{ "/x/y$all", "block /x/y all", "documents too" }, { "/x/y$all,~document", "block /x/y default", "all but documents" },
		{ "/x/y$~all", "NEGATION", "not negatable" }, { "/x/y$popup,script", "block /x/y script", "the part a gateway sees" },
		{ "/x/y$~popup", "block /x/y default", "all others" }, { "||a.test^$~popup", "block host a.test default", "no document" },
		{ "||a.test^$document", "block host a.test document", "only documents" },
		{ "@@||a.test^$document", "allow host a.test document", "exception" },
		{ "/x/y$third-party", "block /x/y 3p", "party" }, { "/x/y$~third-party", "block /x/y 1p", "negated" },
		{ "/x/y$first-party", "block /x/y 1p", "uBlock" }, { "/x/y$~1p", "block /x/y 3p", "negated" },
		{ "/x/y$1p,3p", "block /x/y", "any" }, { "/x/y$strict1p", "block /x/y strict1p", "the very host" },
		{ "/x/y$strict-third-party", "block /x/y strict3p", "AdGuard's name" }, { "/x/y$strict1p,strict3p", "block /x/y", "any" },
		{ "/x/y$~strict1p", "NEGATION", "not negatable" }, { "/x/y$image,image", "OPTION_CONFLICT", "uBlock: said twice" },
		{ "/x/y$third-party,~3p", "OPTION_CONFLICT", "the same, under another name" }, { "/x/y$image=1", "OPTION_VALUE", "takes no value" },
		{ "/x/y$important", "block /x/y important", "flag" }, { "@@/x/y$important", "allow /x/y important", "AdGuard's" },
		{ "/x/y$match-case", "block /x/y match-case", "flag" }, { "/x/y$image,badfilter", "block /x/y image badfilter", "flag" },
		{ "/x/y$~important", "NEGATION", "not negatable" }, { "/x/y$_,image,___", "block /x/y image", "says nothing" },
		{ "/x/y$method=get|POST", "block /x/y methods=44", "methods" }, { "/x/y$method=~get", "block /x/y methods=1fb", "negated" },
		{ "/x/y$method=foo", "block /x/y", "unknown ones are passed over" }, { "/x/y$method", "OPTION_VALUE", "needs one" },
		{ "/x/y$reason=\"because, of it\",image", "block /x/y image", "quoted" },
	};

	struct filter f;

	(void)state;
	CHECK_ROWS(rows);

	filter_parse(SPAN_LIT("/x/y$~image,~script"), &f);
	assert_int_equal(f.types, FILTER_TYPES_DEFAULT & ~(FILTER_TYPE_IMAGE | FILTER_TYPE_SCRIPT));
	assert_true(f.types_named);
}

static void reads_domains(void **state)
{
	static const struct row rows[] = {
		{ "/x/y$domain=A.test|~b.a.test", "block /x/y from=a.test|~b.a.test", "page" }, { "/x/y$from=a.test", "block /x/y from=a.test", "uBlock's name" },
		{ "/x/y$domain=a.*", "block /x/y from=a.*", "any public suffix" }, { "/x/y$domain=~a.*|b.test", "block /x/y from=~a.*|b.test", "negated" },
		{ "/x/y$to=a.test|~b.test", "block /x/y to=a.test|~b.test", "request" },
		{ "*$script,denyallow=a.test|b.test,domain=c.test", "block any script from=c.test denyallow=a.test|b.test", "all but these" },
		{ "/x/y$denyallow=~a.test", "OPTION_VALUE", "cannot be negated" }, { "/x/y$denyallow=a.*", "OPTION_VALUE", "no wildcards here" },
		{ "/x/y$domain=m\xc3\xbcller.test", "block /x/y from=xn--mller-kva.test", "IDN" },
		{ "/x/y$domain=192.0.2.1|[2001:db8::1]", "block /x/y from=192.0.2.1|2001:db8::1", "addresses" },
		{ "/x/y$domain=/ads\\d/", "DOMAIN_FORM", "regular expression" }, { "/x/y$domain=a.test|~/b/", "DOMAIN_FORM", "regular expression" },
		{ "/x/y$domain=a.test/path", "DOMAIN_FORM", "path" }, { "/x/y$domain=*.a.test", "DOMAIN_FORM", "wildcard inside" },
		{ "/x/y$domain=", "OPTION_VALUE", "empty" }, { "/x/y$domain", "OPTION_VALUE", "no value" }, { "/x/y$domain=a.test|", "HOST", "empty name" },
		{ "/x/y$domain=a test", "HOST", "no name" }, { "/x/y$~domain=a.test", "NEGATION", "not negatable" },
		{ "/x/y$domain=a.test,domain=b.test", "OPTION_CONFLICT", "said twice" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void reads_modifiers(void **state)
{
	static const struct row rows[] = {
		{ "$removeparam=utm_source", "block removeparam any name=utm_source", "a name" },
		{ "||a.test^$removeparam", "block removeparam host a.test name=", "all of them" },
		{ "$removeparam=/^utm_[a-z]{1,9}=/", "block removeparam any name=/^utm_[a-z]{1,9}=/", "expression" },
		{ "$removeparam=/^UTM=/i,xhr", "block removeparam any xmlhttprequest name=/^UTM=/i", "without case" },
		{ "$removeparam=~id", "block removeparam any name=~id", "all but it" }, { "$removeparam=~/^a/", "block removeparam any name=~/^a/", "all but these" },
		{ "$queryprune=|utm_", "block removeparam any name=/^utm_/i", "uBlock's of old" },
		{ "@@||a.test^$removeparam=x", "allow removeparam host a.test name=x", "exception" },
		{ "$removeparam=a|b", "OPTION_VALUE", "not several" }, { "$removeparam=/(/", "REGEX", "does not compile" },
		{ "$removeparam=a,redirect=noopjs", "OPTION_CONFLICT", "one action" },
		{ "$cookie=_ga", "block cookie any name=_ga", "a name" }, { "||a.test^$cookie", "block cookie host a.test name=", "all of them" },
		{ "$cookie=/^_ga_/", "block cookie any name=/^_ga_/", "expression" },
		{ "$cookie=/^a\\,b;c/;maxAge=30", "block cookie any name=/^a\\,b;c/ maxAge=30", "comma and semicolon inside" },
		{ "||a.test^$cookie=x;maxAge=3600;sameSite=lax,third-party", "block cookie host a.test 3p name=x maxAge=3600 sameSite=lax", "both" },
		{ "$cookie=_awl;maxAge=30,domain=a.test", "block cookie any from=a.test name=_awl maxAge=30", "from a real list" },
		{ "$cookie=;maxAge=0", "block cookie any name= maxAge=0", "all, capped" }, { "$cookie=x;maxAge=-1", "OPTION_VALUE", "no number" },
		{ "$cookie=x;sameSite=sometimes", "OPTION_VALUE", "no such strategy" }, { "$cookie=x;foo=1", "OPTION_VALUE", "no such attribute" },
		{ "@@||a.test^$cookie=pvc_visits[0]", "allow cookie host a.test name=pvc_visits[0]", "brackets are letters" },
		{ "||a.test/x.js$script,redirect=noopjs", "block redirect ||a.test/x.js script resource=noopjs:0:3", "empty script" },
		{ "||a.test/x.js$script,redirect=noopjs:100", "block redirect ||a.test/x.js script resource=noopjs:100:3", "priority" },
		{ "||a.test/x.js$redirect=noop.js:-1", "block redirect ||a.test/x.js resource=noop.js:-1:3", "negative priority" },
		{ "||a.test^$image,redirect-rule=1x1.gif", "block redirect-rule host a.test image resource=1x1.gif:0:8", "only for what others block" },
		{ "||a.test/x.js$redirect=google-ima.js", "block redirect ||a.test/x.js resource=google-ima.js:0:0", "a real script: just blocks" },
		{ "||a.test/x.js$redirect-rule=google-ima.js", "REDIRECT_UNKNOWN", "a real script: nothing to do" },
		{ "||a.test/x$media,rewrite=abp-resource:blank-mp4", "block redirect ||a.test/x media resource=abp-resource:blank-mp4:0:13", "ABP's" },
		{ "||a.test/x$empty", "block redirect ||a.test/x resource=empty:0:1", "of old" }, { "||a.test/x$mp4", "block redirect ||a.test/x media resource=noopmp4-1s:0:13", "of old" },
		{ "@@||a.test^$redirect", "allow redirect-rule host a.test", "exception from all" },
		{ "@@||a.test^$redirect=noopjs", "allow redirect-rule host a.test resource=noopjs:0:3", "exception from one" },
		{ "||a.test^$redirect", "OPTION_VALUE", "redirected where" }, { "||a.test^$ping,redirect=noopjs", "OPTION_CONFLICT", "nothing can stand in" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void knows_twins(void **state)
{
	static const struct { const char *a, *b; bool twins, but_for_pages; } rows[] = {
		{ "||a.test^$image,3p", "||A.test^$third-party,image,badfilter", true, true },
		{ "/x/y$domain=a.test|b.test", "/x/y$badfilter,from=b.test|a.test", true, true },
		{ "/x/y$domain=a.test|b.test", "/x/y$domain=a.test,badfilter", false, true },
		{ "/x/y$domain=a.test", "/x/y$domain=~a.test,badfilter", false, true },
		{ "/x/y", "/X/y$badfilter", true, true }, { "/x/y$match-case", "/X/y$match-case,badfilter", false, false },
		{ "/x/y", "@@/x/y$badfilter", false, false }, { "/x/y$script", "/x/y$badfilter", false, false },
		{ "||a.test^", "||a.test$badfilter", false, false }, { "||a.test^", "a.test$badfilter", true, true },
		{ "/x/y$cookie=a", "/x/y$cookie=b,badfilter", false, false }, { "/x/y$redirect=noopjs", "/x/y$redirect=noop.txt,badfilter", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct filter a, b;

		filter_parse(span_of(rows[i].a), &a);
		filter_parse(span_of(rows[i].b), &b);
		assert_int_equal(a.kind, FILTER_NETWORK);
		assert_true(b.badfilter);
		if ((filter_twin(&a, true) == filter_twin(&b, true)) != rows[i].twins ||
		    (filter_twin(&a, false) == filter_twin(&b, false)) != rows[i].but_for_pages)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_kinds),
		cmocka_unit_test(reads_patterns),
		cmocka_unit_test(reads_types_and_parties),
		cmocka_unit_test(reads_domains),
		cmocka_unit_test(reads_modifiers),
		cmocka_unit_test(knows_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
