/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: rules rules_layers rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz */
/* precedence: a table of rules, questions and answers, a reason each */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rules_text.h"

/* what is asked:
 *   C name[@server]			may the connection be made?
 *   R url, N url, I url		a request: of unknown type, a navigation, an image
 *   S url WxH				an image's size
 *   K url name				a cookie
 * with " <source" the page it comes from, "~client" who asks, "!minute" when */
struct row {
	const char *reason;
	const char *yaml;
	const char *question;
	enum rules_action action;
	enum rules_kind kind;	/* of the rule that decided; not looked at for PASS */
	uint32_t line;		/* of it; 0: not looked at */
};

static const struct text_file lists[] = {
	{ "ads.hosts", { "0.0.0.0 listed.example\n127.0.0.1 localhost\n0.0.0.0 cdn.mixed.example\n",
			 sizeof("0.0.0.0 listed.example\n127.0.0.1 localhost\n0.0.0.0 cdn.mixed.example\n") - 1 } },
	{ "block.txt", SPAN_LIT("[Adblock Plus 2.0]\n||whole.example^\n/banner/*$image\n||paths.example/ads/\n"
				"||third.example^$third-party\n||kept.example^\n||must.example^$important\n"
				"/pixel.$script,domain=page.example\n||r.example^$redirect=noopjs\n||post.example^$method=post\n"
				"||a.example^$removeparam=x\n||a.example^$cookie=y\n||192.0.2.7^\n") },
	{ "except.txt", SPAN_LIT("[Adblock Plus 2.0]\n@@||kept.example/ok\n@@||listed.example^$document\n@@||must.example^\n"
				 "@@||b.a.example^$removeparam=x\n") },
	{ "good.txt", SPAN_LIT("! fine\n||good.whole.example^\n@@||paths.example/ads/fine\n||ok.listed.example/fine/\n") },
	{ "bad.txt", SPAN_LIT("! off\n||whole.example^$badfilter\n||paths.example/ads/$badfilter\n@@||kept.example/ok$badfilter\n"
			      "@@||ok.listed.example/fine/$badfilter\n||listed.example^$badfilter\n||own.example^\n") },
	{ "good.hosts", SPAN_LIT("cdn.mixed.example\nwww.whole.example\n") },
	{ NULL, { NULL, 0 } },
};

#define BLOCK "lists:\n  - file: block.txt\n"
#define BOTH BLOCK "  - file: except.txt\n"
#define KIDS "groups: {kids: 10.0.0.0/24}\nlists:\n  - {file: block.txt, groups: kids}\n"
#define NETS "groups: {kids: 10.0.0.0/28, house: 10.0.0.0/24, guests: [10.0.0.8/30, 10.1.0.0/16]}\nlists:\n"
#define LISTS "lists:\n  - file: ads.hosts\n"
#define HW "groups: {kids: [\"3c:22:fb:01:02:03\", 10.0.0.7]}\n" RULES
#define RULES "rules:\n"

static const struct row rows[] = {
	{ "nothing says anything", RULES "  - {block: requests, host: a.example}\n", "R b.example/", ACT_PASS, 0, 0 },
	{ "a host", RULES "  - {block: requests, host: a.example}\n", "R a.example/x", ACT_BLOCK, KIND_REQUESTS, 2 },
	{ "a host covers those below", RULES "  - {block: requests, host: a.example}\n", "R x.y.a.example/", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "but not what only ends alike", RULES "  - {block: requests, host: a.example}\n", "R ba.example/", ACT_PASS, 0, 0 },
	{ "=name is that name", RULES "  - {block: requests, host: \"=a.example\"}\n", "R a.example/", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "=name is not those below", RULES "  - {block: requests, host: \"=a.example\"}\n", "R x.a.example/", ACT_PASS, 0, 0 },
	{ "values are alternatives", RULES "  - {block: requests, host: [z.example, a.example]}\n", "R a.example/", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "conditions must all hold", RULES "  - {block: requests, host: a.example, url: \"*/ads/*\"}\n", "R a.example/x",
	  ACT_PASS, 0, 0 },
	{ "and they do", RULES "  - {block: requests, host: a.example, url: \"*/ads/*\"}\n", "R a.example/ads/x", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "IDN", RULES "  - {block: requests, host: \"m\xc3\xbcller.example\"}\n", "R xn--mller-kva.example/", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "an address has no parents", RULES "  - {block: requests, host: \"0.2.1\"}\n", "R 192.0.2.1/", ACT_PASS, 0, 0 },
	{ "an address is a host", RULES "  - {block: requests, host: 192.0.2.1}\n", "R 192.0.2.1/", ACT_BLOCK, KIND_REQUESTS, 2 },
	{ "a glob ignores case", RULES "  - {block: requests, url: \"*/ADS/*\"}\n", "R a.example/Ads/x", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "a glob is anchored", RULES "  - {block: requests, url: \"a.example/x\"}\n", "R a.example/xy", ACT_PASS, 0, 0 },
	{ "? and [ are themselves", RULES "  - {block: requests, url: \"a.example/?a[1]=*\"}\n", "R a.example/?a[1]=2", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "a regular expression", RULES "  - {block: requests, url: \"/\\\\/beacon[0-9]+\\\\.js/\"}\n", "R a.example/beacon12.js?x",
	  ACT_BLOCK, KIND_REQUESTS, 2 },

	{ "the first of a kind wins", RULES "  - {allow: requests, host: a.example}\n  - {block: requests, host: a.example}\n",
	  "R a.example/", ACT_ALLOW, KIND_REQUESTS, 2 },
	{ "in file order", RULES "  - {block: requests, url: \"*ads*\"}\n  - {allow: requests, host: a.example}\n",
	  "R a.example/ads", ACT_BLOCK, KIND_REQUESTS, 2 },
	{ "another kind says nothing about this one",
	  RULES "  - {allow: cookies, host: a.example}\n  - {block: requests, host: a.example}\n", "R a.example/", ACT_BLOCK,
	  KIND_REQUESTS, 3 },
	{ "everything ends requests", RULES "  - {allow: everything, host: a.example}\n  - {block: requests, url: \"*x*\"}\n",
	  "R a.example/", ACT_ALLOW, KIND_EVERYTHING, 2 },
	{ "everything ends connections",
	  RULES "  - {allow: everything, host: a.example}\n  - {block: connections, host: example}\n", "C a.example", ACT_ALLOW,
	  KIND_EVERYTHING, 2 },
	{ "everything ends cookies", RULES "  - {allow: everything, host: a.example}\n  - {block: cookies, name: \"*\"}\n",
	  "K a.example/ uid", ACT_ALLOW, KIND_EVERYTHING, 2 },
	{ "everything ends images", RULES "  - {allow: everything, host: a.example}\n  - {block: images, size: 1x1}\n",
	  "S a.example/x 1x1", ACT_ALLOW, KIND_EVERYTHING, 2 },
	{ "everything ends lists", LISTS RULES "  - {allow: everything, host: listed.example}\n", "C listed.example", ACT_ALLOW,
	  KIND_EVERYTHING, 4 },
	{ "everything is in file order too",
	  RULES "  - {block: connections, host: ads.a.example}\n  - {allow: everything, host: a.example}\n", "C ads.a.example",
	  ACT_BLOCK, KIND_CONNECTIONS, 2 },

	{ "a filter of a whole host", BLOCK, "C www.whole.example", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "and on port 80", BLOCK, "R www.whole.example/x", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "an image by URL", BLOCK, "I any.example/banner/1.gif", ACT_BLOCK, KIND_IMAGES, 3 },
	{ "not what is no image", BLOCK, "R any.example/banner/1.gif", ACT_PASS, 0, 0 },
	{ "a path", BLOCK, "R paths.example/ads/x", ACT_BLOCK, KIND_REQUESTS, 4 },
	{ "not a navigation to it", BLOCK, "N paths.example/ads/x", ACT_PASS, 0, 0 },
	{ "a path says nothing of the connection", BLOCK, "C paths.example", ACT_PASS, 0, 0 },
	{ "an address in a list", BLOCK, "R 192.0.2.7/", ACT_BLOCK, KIND_CONNECTIONS, 13 },
	{ "has no name when it is dialled", BLOCK, "C 192.0.2.7", ACT_PASS, 0, 0 },
	{ "an own rule's neither", RULES "  - {block: connections, host: 192.0.2.7}\n", "C 192.0.2.7", ACT_PASS, 0, 0 },
	{ "it is address: that refuses it", RULES "  - {block: connections, address: 192.0.2.7}\n", "C 192.0.2.7 @192.0.2.7",
	  ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "third party", BLOCK, "R third.example/ <page.example", ACT_BLOCK, KIND_REQUESTS, 5 },
	{ "its own pages", BLOCK, "R third.example/ <www.third.example", ACT_PASS, 0, 0 },
	{ "an unknown page is its own", BLOCK, "R third.example/", ACT_PASS, 0, 0 },
	{ "third party says nothing of the connection", BLOCK, "C third.example", ACT_PASS, 0, 0 },
	{ "a page", BLOCK, "R any.example/pixel. <page.example", ACT_PASS, 0, 0 },
	{ "not important against an exception", BOTH, "R kept.example/ok", ACT_ALLOW, KIND_REQUESTS, 2 },
	{ "beside the exception", BOTH, "R kept.example/no", ACT_BLOCK, KIND_CONNECTIONS, 6 },
	{ "an exception on a path keeps it off the SYN", BOTH, "C kept.example", ACT_ALLOW, KIND_REQUESTS, 2 },
	{ "important", BOTH, "R must.example/", ACT_BLOCK, KIND_REQUESTS, 7 },
	{ "an exception does not lift names", LISTS "  - file: except.txt\n", "N listed.example/", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "nor at the SYN", LISTS "  - file: except.txt\n", "C listed.example", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "an exception of another set counts", KIDS "  - file: except.txt\n", "R kept.example/ok ~10.0.0.9", ACT_ALLOW,
	  KIND_REQUESTS, 2 },
	{ "also at the SYN", KIDS "  - file: except.txt\n", "C kept.example ~10.0.0.9", ACT_ALLOW, KIND_REQUESTS, 2 },
	{ "important of another set too", KIDS "  - file: except.txt\n", "R must.example/ ~10.0.0.9", ACT_BLOCK, KIND_REQUESTS, 7 },
	{ "a group", KIDS, "R www.whole.example/ ~10.0.0.9", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "not others", KIDS, "R www.whole.example/ ~10.0.1.9", ACT_PASS, 0, 0 },
	{ "nor an unknown client", KIDS, "R www.whole.example/", ACT_PASS, 0, 0 },
	{ "a group at the SYN", KIDS, "C www.whole.example ~10.0.0.9", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "not others at the SYN", KIDS, "C www.whole.example ~10.0.1.9", ACT_PASS, 0, 0 },
	{ "observe decides nothing", "lists:\n  - {file: block.txt, mode: observe}\n", "R whole.example/", ACT_PASS, 0, 0 },
	{ "at no layer", "lists:\n  - {file: block.txt, mode: observe}\n", "C whole.example", ACT_PASS, 0, 0 },
	{ "nor do its exceptions", BLOCK "  - {file: except.txt, mode: observe}\n", "R kept.example/ok", ACT_BLOCK,
	  KIND_CONNECTIONS, 6 },
	{ "a badfilter of another list", BLOCK "  - file: bad.txt\n", "R whole.example/", ACT_PASS, 0, 0 },
	{ "at the SYN too", BLOCK "  - file: bad.txt\n", "C whole.example", ACT_PASS, 0, 0 },
	{ "of one for everyone acts for a group", KIDS "  - file: bad.txt\n", "R whole.example/ ~10.0.0.9", ACT_PASS, 0, 0 },
	{ "and not only on whole hosts", KIDS "  - file: bad.txt\n", "R paths.example/ads/x ~10.0.0.9", ACT_PASS, 0, 0 },
	{ "of one for a group not for everyone", NETS "  - file: block.txt\n  - {file: bad.txt, groups: house}\n",
	  "R whole.example/ ~10.0.1.9", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "so it stays for the group, too", NETS "  - file: block.txt\n  - {file: bad.txt, groups: house}\n",
	  "R whole.example/ ~10.0.0.9", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "of one for a group within another", NETS "  - {file: block.txt, groups: kids}\n  - {file: bad.txt, groups: house}\n",
	  "R whole.example/ ~10.0.0.9", ACT_PASS, 0, 0 },
	{ "not the other way round", NETS "  - {file: block.txt, groups: house}\n  - {file: bad.txt, groups: kids}\n",
	  "R whole.example/ ~10.0.0.9", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "nor where some are in both", NETS "  - {file: block.txt, groups: guests}\n  - {file: bad.txt, groups: house}\n",
	  "R whole.example/ ~10.0.0.9", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "several groups hold what each holds", NETS "  - {file: block.txt, groups: guests}\n"
	  "  - {file: bad.txt, groups: [kids, guests]}\n", "R whole.example/ ~10.0.0.9", ACT_PASS, 0, 0 },
	{ "an exception is gone", BLOCK "  - file: except.txt\n  - file: bad.txt\n", "R kept.example/ok", ACT_BLOCK, KIND_CONNECTIONS, 6 },
	{ "and keeps no host off the SYN", BLOCK "  - file: except.txt\n  - file: bad.txt\n", "C kept.example", ACT_BLOCK,
	  KIND_CONNECTIONS, 6 },
	{ "also that of another set", KIDS "  - {file: except.txt, groups: kids}\n  - file: bad.txt\n", "C kept.example ~10.0.0.9",
	  ACT_BLOCK, KIND_CONNECTIONS, 6 },
	{ "an observed badfilter does nothing", BLOCK "  - {file: bad.txt, mode: observe}\n", "R whole.example/", ACT_BLOCK,
	  KIND_CONNECTIONS, 2 },
	{ "a name is no filter", LISTS "  - file: bad.txt\n", "R listed.example/", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "what is let through is not taken away", LISTS "  - {file: good.txt, allow: yes}\n  - file: bad.txt\n",
	  "R ok.listed.example/fine/x", ACT_ALLOW, KIND_CONNECTIONS, 4 },
	{ "but by a list of the same kind", LISTS "  - {file: good.txt, allow: yes}\n  - {file: bad.txt, allow: yes}\n",
	  "R ok.listed.example/fine/x", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "which takes no block away", BLOCK "  - {file: bad.txt, allow: yes}\n", "R whole.example/", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "allow: yes lifts a filter", BLOCK "  - {file: good.txt, allow: yes}\n", "R good.whole.example/", ACT_ALLOW,
	  KIND_CONNECTIONS, 2 },
	{ "at the SYN too", BLOCK "  - {file: good.txt, allow: yes}\n", "C good.whole.example", ACT_ALLOW, KIND_REQUESTS, 2 },
	{ "by its exceptions as well", BLOCK "  - {file: good.txt, allow: yes}\n", "R paths.example/ads/fine/x", ACT_ALLOW,
	  KIND_REQUESTS, 3 },
	{ "it lifts names", LISTS "  - {file: good.txt, allow: yes}\n", "R ok.listed.example/fine/x", ACT_ALLOW, KIND_CONNECTIONS, 4 },
	{ "only there", LISTS "  - {file: good.txt, allow: yes}\n", "R ok.listed.example/x", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "which only port 80 can tell", LISTS "  - {file: good.txt, allow: yes}\n", "C ok.listed.example", ACT_ALLOW, KIND_REQUESTS, 4 },
	{ "names lift names", LISTS "  - {file: good.hosts, allow: yes}\n", "C cdn.mixed.example", ACT_ALLOW, KIND_CONNECTIONS, 1 },
	{ "and filters", BLOCK "  - {file: good.hosts, allow: yes}\n", "R x.www.whole.example/", ACT_ALLOW, KIND_CONNECTIONS, 2 },
	{ "and block nothing", "lists:\n  - {file: good.hosts, allow: yes}\n", "R cdn.mixed.example/", ACT_PASS, 0, 0 },
	{ "allow: requests lifts a filter", BLOCK RULES "  - {allow: requests, url: \"*/ads/x\"}\n", "R paths.example/ads/x",
	  ACT_ALLOW, KIND_REQUESTS, 4 },
	{ "and what it says of an image", BLOCK RULES "  - {allow: requests, host: any.example}\n", "I any.example/banner/1.gif",
	  ACT_ALLOW, KIND_REQUESTS, 4 },
	{ "allow: images too", BLOCK RULES "  - {allow: images, host: any.example}\n", "I any.example/banner/1.gif", ACT_ALLOW,
	  KIND_IMAGES, 4 },
	{ "allow: connections lifts the whole host", BLOCK RULES "  - {allow: connections, host: whole.example}\n",
	  "R whole.example/", ACT_ALLOW, KIND_CONNECTIONS, 4 },
	{ "but no other filter", BLOCK RULES "  - {allow: connections, host: whole.example}\n", "I whole.example/banner/1.gif",
	  ACT_BLOCK, KIND_IMAGES, 3 },
	{ "everything ends filters", BLOCK RULES "  - {allow: everything, host: paths.example}\n", "R paths.example/ads/x",
	  ACT_ALLOW, KIND_EVERYTHING, 4 },
	{ "own blocks come first", BOTH RULES "  - {block: requests, host: kept.example}\n", "R kept.example/ok", ACT_BLOCK,
	  KIND_REQUESTS, 5 },
	{ "an own size waits for the size", BLOCK RULES "  - {allow: images, size: 88x31}\n", "I any.example/banner/1.gif",
	  ACT_PASS, 0, 0 },
	{ "which allows", BLOCK RULES "  - {allow: images, size: 88x31}\n", "S any.example/banner/1.gif 88x31", ACT_ALLOW,
	  KIND_IMAGES, 4 },
	{ "or leaves it to the list", BLOCK RULES "  - {allow: images, size: 88x31}\n", "S any.example/banner/1.gif 1x1", ACT_BLOCK,
	  KIND_IMAGES, 3 },

	{ "a listed name", LISTS, "C listed.example", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "below a listed name", LISTS, "C a.b.listed.example", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "above a listed name", LISTS, "C mixed.example", ACT_PASS, 0, 0 },
	{ "the list's own line", LISTS, "C cdn.mixed.example", ACT_BLOCK, KIND_CONNECTIONS, 3 },
	{ "a listed name on port 80", LISTS, "R listed.example/x", ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "allow: connections lifts it", LISTS RULES "  - {allow: connections, host: listed.example}\n", "C listed.example",
	  ACT_ALLOW, KIND_CONNECTIONS, 4 },
	{ "on port 80 as well", LISTS RULES "  - {allow: connections, host: listed.example}\n", "R listed.example/", ACT_ALLOW,
	  KIND_CONNECTIONS, 4 },
	{ "allow: requests keeps it off the SYN", LISTS RULES "  - {allow: requests, host: listed.example, url: \"*/ok/*\"}\n",
	  "C listed.example", ACT_ALLOW, KIND_REQUESTS, 4 },
	{ "that request passes", LISTS RULES "  - {allow: requests, host: listed.example, url: \"*/ok/*\"}\n",
	  "R listed.example/ok/x", ACT_ALLOW, KIND_REQUESTS, 4 },
	{ "the others do not", LISTS RULES "  - {allow: requests, host: listed.example, url: \"*/ok/*\"}\n", "R listed.example/x",
	  ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "a URL that names the host does the same", LISTS RULES "  - {allow: requests, url: \"listed.example/ok/*\"}\n",
	  "C listed.example", ACT_ALLOW, KIND_REQUESTS, 4 },
	{ "a URL of any host keeps none off", LISTS RULES "  - {allow: requests, url: \"*/ok/*\"}\n", "C listed.example",
	  ACT_BLOCK, KIND_CONNECTIONS, 1 },
	{ "allow: images too", LISTS RULES "  - {allow: images, host: listed.example}\n", "C listed.example", ACT_ALLOW,
	  KIND_IMAGES, 4 },
	{ "its images pass", LISTS RULES "  - {allow: images, host: listed.example}\n", "I listed.example/x.gif", ACT_ALLOW,
	  KIND_IMAGES, 4 },
	{ "nothing else does", LISTS RULES "  - {allow: images, host: listed.example}\n", "R listed.example/x.js", ACT_BLOCK,
	  KIND_CONNECTIONS, 1 },
	{ "allow: cookies does not", LISTS RULES "  - {allow: cookies, host: listed.example}\n", "C listed.example", ACT_BLOCK,
	  KIND_CONNECTIONS, 1 },
	{ "own rules are kept off the SYN as well",
	  RULES "  - {block: connections, host: a.example}\n  - {allow: requests, url: \"*/ok\", host: www.a.example}\n",
	  "C www.a.example", ACT_ALLOW, KIND_REQUESTS, 3 },
	{ "only on that host",
	  RULES "  - {block: connections, host: a.example}\n  - {allow: requests, url: \"*/ok\", host: www.a.example}\n",
	  "C a.example", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "everything on some URLs likewise",
	  RULES "  - {block: connections, host: a.example}\n  - {allow: everything, url: \"*/ok\", host: a.example}\n",
	  "C a.example", ACT_ALLOW, KIND_EVERYTHING, 3 },
	{ "an observed list never decides", "lists:\n  - {file: ads.hosts, mode: observe}\n", "C listed.example", ACT_PASS, 0, 0 },

	{ "connections cover requests", RULES "  - {block: connections, host: a.example}\n", "R a.example/", ACT_BLOCK,
	  KIND_CONNECTIONS, 2 },
	{ "by address", RULES "  - {block: connections, address: 198.51.100.0/24}\n", "C @198.51.100.7", ACT_BLOCK,
	  KIND_CONNECTIONS, 2 },
	{ "not another address", RULES "  - {block: connections, address: 198.51.100.0/24}\n", "C @198.51.101.7", ACT_PASS, 0, 0 },
	{ "IPv6", RULES "  - {block: connections, address: \"2001:db8:bad::/48\"}\n", "C x.example@2001:db8:bad::1", ACT_BLOCK,
	  KIND_CONNECTIONS, 2 },
	{ "an unknown address matches none", RULES "  - {block: connections, address: 0.0.0.0/0}\n", "C x.example", ACT_PASS, 0, 0 },

	{ "a group", "groups: {kids: [192.168.1.64/28]}\n" RULES "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example ~192.168.1.70", ACT_BLOCK, KIND_CONNECTIONS, 3 },
	{ "not in the group", "groups: {kids: [192.168.1.64/28]}\n" RULES "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example ~192.168.1.80", ACT_PASS, 0, 0 },
	{ "nobody knows who", "groups: {kids: [192.168.1.64/28]}\n" RULES "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example", ACT_PASS, 0, 0 },
	{ "a client's hardware address", HW "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example ~192.168.1.80+3C-22-FB-01-02-03", ACT_BLOCK, KIND_CONNECTIONS, 3 },
	{ "the same, its IP address not known", HW "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example ~3c:22:fb:01:02:03", ACT_BLOCK, KIND_CONNECTIONS, 3 },
	{ "another hardware address", HW "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example ~192.168.1.80+3c:22:fb:01:02:04", ACT_PASS, 0, 0 },
	{ "nobody knows its hardware address", HW "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example ~192.168.1.80", ACT_PASS, 0, 0 },
	{ "a group of both: the IP address is enough", HW "  - {block: connections, host: g.example, group: kids}\n",
	  "C g.example ~10.0.0.7", ACT_BLOCK, KIND_CONNECTIONS, 3 },
	{ "requests too", HW "  - {block: requests, url: \"*/ads/*\", group: kids}\n",
	  "R g.example/ads/x ~192.168.1.80+3c:22:fb:01:02:03", ACT_BLOCK, KIND_REQUESTS, 3 },
	{ "an address condition is never a hardware address", HW "  - {block: connections, address: 10.0.0.7}\n",
	  "C g.example ~3c:22:fb:01:02:03", ACT_PASS, 0, 0 },
	{ "inside the span", RULES "  - {block: connections, host: g.example, between: \"mon-fri 08:00-15:30\"}\n",
	  "C g.example !480", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "at its end", RULES "  - {block: connections, host: g.example, between: \"mon-fri 08:00-15:30\"}\n", "C g.example !930",
	  ACT_PASS, 0, 0 },
	{ "Monday early belongs to Sunday's night", RULES "  - {block: connections, host: g.example, between: \"sun 21:00-06:30\"}\n",
	  "C g.example !389", ACT_BLOCK, KIND_CONNECTIONS, 2 },
	{ "and Tuesday's not", RULES "  - {block: connections, host: g.example, between: \"sun 21:00-06:30\"}\n",
	  "C g.example !1829", ACT_PASS, 0, 0 },

	{ "third party", RULES "  - {block: requests, third_party: yes}\n", "R ads.example/ <site.test", ACT_BLOCK, KIND_REQUESTS, 2 },
	{ "the same site", RULES "  - {block: requests, third_party: yes}\n", "R img.site.co.uk/ <www.site.co.uk", ACT_PASS, 0, 0 },
	{ "another below a public suffix", RULES "  - {block: requests, third_party: yes}\n", "R a.co.uk/ <b.co.uk", ACT_BLOCK,
	  KIND_REQUESTS, 2 },
	{ "no page is no third party", RULES "  - {block: requests, third_party: yes}\n", "R ads.example/", ACT_PASS, 0, 0 },
	{ "a navigation never is", RULES "  - {block: requests, third_party: yes}\n", "N ads.example/ <site.test", ACT_PASS, 0, 0 },
	{ "first party", RULES "  - {block: cookies, third_party: no}\n", "K a.test/ uid <a.test", ACT_BLOCK, KIND_COOKIES, 2 },
	{ "not first party", RULES "  - {block: cookies, third_party: no}\n", "K a.test/ uid <b.test", ACT_PASS, 0, 0 },

	{ "a cookie by name", RULES "  - {block: cookies, name: [\"_ga*\", _fbp]}\n", "K a.example/ _ga_X", ACT_BLOCK, KIND_COOKIES, 2 },
	{ "names have case", RULES "  - {block: cookies, name: \"uid\"}\n", "K a.example/ UID", ACT_PASS, 0, 0 },
	{ "a name by expression", RULES "  - {block: cookies, name: \"/^utm[0-9]$/\"}\n", "K a.example/ utm3", ACT_BLOCK,
	  KIND_COOKIES, 2 },
	{ "limit", RULES "  - {limit: cookies, host: shop.example}\n", "K www.shop.example/ uid", ACT_LIMIT, KIND_COOKIES, 2 },
	{ "allow before limit", RULES "  - {allow: cookies, name: sid}\n  - {limit: cookies, host: shop.example}\n",
	  "K shop.example/ sid", ACT_ALLOW, KIND_COOKIES, 2 },

	{ "an image by URL", RULES "  - {block: images, url: \"*/banners/*\"}\n", "I a.example/banners/1", ACT_BLOCK, KIND_IMAGES, 2 },
	{ "a script is none", RULES "  - {block: images, url: \"*/banners/*\"}\n", "R a.example/banners/1", ACT_PASS, 0, 0 },
	{ "an image is a request first",
	  RULES "  - {block: images, host: a.example}\n  - {block: requests, host: a.example}\n", "I a.example/1", ACT_BLOCK,
	  KIND_REQUESTS, 3 },
	{ "an allowed request may be a blocked image",
	  RULES "  - {allow: requests, host: a.example}\n  - {block: images, host: a.example}\n", "I a.example/1", ACT_BLOCK,
	  KIND_IMAGES, 3 },
	{ "a blocked request is not saved as an image",
	  RULES "  - {allow: images, host: a.example}\n  - {block: requests, host: a.example}\n", "I a.example/1", ACT_BLOCK,
	  KIND_REQUESTS, 3 },
	{ "a size", RULES "  - {block: images, size: [\"1x1\", \"468x60\"]}\n", "S a.example/1 468x60", ACT_BLOCK, KIND_IMAGES, 2 },
	{ "another size", RULES "  - {block: images, size: [\"1x1\", \"468x60\"]}\n", "S a.example/1 60x468", ACT_PASS, 0, 0 },
	{ "a size is not known at the request", RULES "  - {block: images, size: 1x1}\n", "I a.example/1", ACT_PASS, 0, 0 },
	{ "what may be saved by its size is fetched",
	  RULES "  - {allow: images, size: 88x31}\n  - {block: images, url: \"*/banners/*\"}\n", "I a.example/banners/1",
	  ACT_PASS, 0, 0 },
	{ "and then saved", RULES "  - {allow: images, size: 88x31}\n  - {block: images, url: \"*/banners/*\"}\n",
	  "S a.example/banners/1 88x31", ACT_ALLOW, KIND_IMAGES, 2 },
	{ "or not", RULES "  - {allow: images, size: 88x31}\n  - {block: images, url: \"*/banners/*\"}\n",
	  "S a.example/banners/1 88x30", ACT_BLOCK, KIND_IMAGES, 3 },
};

/* takes the part that begins with @mark off the end of @s */
static char *take(char *s, char mark)
{
	char *at = strrchr(s, mark);

	if (!at || at == s)
		return NULL;
	if (at[-1] == ' ')
		at[-1] = '\0';
	*at = '\0';
	return at + 1;
}

/* "192.168.1.2", a link-layer address, or both with "+" between */
static bool station_parse(struct station *s, char *text)
{
	char *plus = strchr(text, '+');
	struct prefix hw;

	*s = (struct station){ 0 };
	if (plus)
		*plus = '\0';
	if (!prefix_parse_hw(&hw, span_of(plus ? plus + 1 : text)))
		return addr_parse(&s->ip, span_of(text));
	s->hw_known = true;
	memcpy(s->hw, hw.net.ip, sizeof(s->hw));
	return !plus || addr_parse(&s->ip, span_of(text));
}

static struct verdict ask(const struct rules *r, char *q)
{
	struct facts f = { 0 };
	struct station client = { 0 };
	struct addr server;
	char *minute = take(q, '!'), *who = take(q, '~'), *source = take(q, '<'), *at, *arg;
	char what = q[0];
	unsigned w, h;

	q += 2;
	f.minute = minute ? (uint16_t)atoi(minute) : 0;
	if (who && station_parse(&client, who))
		f.client = &client;
	if (what == 'C') {
		at = strchr(q, '@');
		if (at) {
			*at = '\0';
			assert_true(addr_parse(&server, span_of(at + 1)));
		}
		return rules_connection(r, f.client, at ? &server : NULL, span_of(q), f.minute);
	}
	arg = strchr(q, ' ');
	if (arg)
		*arg++ = '\0';
	f.url = span_of(q);
	f.host = span_until(f.url, '/');
	f.source_host = source ? span_of(source) : (struct span){ "", 0 };
	f.third_party = rules_third_party(r, f.host, f.source_host);
	f.type = what == 'N' ? RES_DOCUMENT : what == 'I' || what == 'S' ? RES_IMAGE : RES_UNKNOWN;
	if (what == 'S') {
		struct verdict v;

		assert_int_equal(sscanf(arg, "%ux%u", &w, &h), 2);
		v = rules_image_size(r, &f, w, h);
		if (v.action == ACT_BLOCK)
			assert_true(rules_may_touch_sizes(r, &f));
		return v;
	}
	if (what == 'K') {
		struct verdict v = rules_cookie(r, &f, span_of(arg));

		if (v.action == ACT_BLOCK || v.action == ACT_LIMIT)
			assert_true(rules_may_touch_cookies(r, &f));
		return v;
	}
	return rules_request(r, &f);
}

static void decides_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rules *r = rules_text_map(rows[i].yaml, lists);
		struct rules_origin o = { .line = 0 };
		struct verdict v;
		char q[200], text[100];

		snprintf(q, sizeof(q), "%s", rows[i].question);
		v = ask(r, q);
		rules_origin(r, v.origin, &o, text, sizeof(text));
		if (v.action != rows[i].action || (v.action && v.kind != rows[i].kind) || (rows[i].line && o.line != rows[i].line))
			fail_msg("%s: %s -> action %d kind %d line %u", rows[i].reason, rows[i].question, (int)v.action,
				 (int)v.kind, o.line);
		assert_true((v.action == ACT_PASS) == (v.origin == 0));
		rules_put(r);
	}
}

static void says_where_a_rule_stands(void **state)
{
	struct rules *r = rules_text_map(LISTS RULES "  - block: requests\n    host: [x.example,\n      a.example]\n", lists);
	struct facts f = { .host = SPAN_LIT("www.a.example"), .url = SPAN_LIT("www.a.example/") };
	struct rules_summary s;
	struct rules_origin o;
	struct verdict v;
	char text[100];

	(void)state;
	v = rules_request(r, &f);
	assert_true(rules_origin(r, v.origin, &o, text, sizeof(text)));
	assert_true(o.own && span_eq(o.file, SPAN_LIT("rules.yaml")));
	assert_int_equal(o.line, 4);
	assert_true(span_eq(o.text, SPAN_LIT("block: requests, host: x.example a.example")));
	assert_true(span_eq(v.name, SPAN_LIT("a.example")));
	v = rules_connection(r, NULL, NULL, SPAN_LIT("x.cdn.mixed.example"), 0);
	assert_true(rules_origin(r, v.origin, &o, text, sizeof(text)));
	assert_true(!o.own && span_eq(o.file, SPAN_LIT("ads.hosts")) && o.line == 3);
	assert_true(span_eq(v.name, SPAN_LIT("cdn.mixed.example")));
	assert_false(rules_origin(r, 0, &o, text, sizeof(text)));
	assert_false(rules_origin(r, 77, &o, text, sizeof(text)));
	assert_false(rules_origin(r, UINT32_MAX, &o, text, sizeof(text)));
	assert_int_equal(rules_generation(r), 7);
	rules_summary(r, &s);
	assert_int_equal(s.rules, 1);
	assert_int_equal(s.lists, 1);
	assert_int_equal(s.names, 2);
	rules_put(r);
}

static void tells_the_connection_layer(void **state)
{
	struct rules *r = rules_text_map(RULES "  - {block: connections, host: [a.example, b.example]}\n"
					 "  - {block: requests, host: c.example}\n"
					 "  - {block: connections, address: [198.51.100.0/24, \"2001:db8::1\"]}\n", NULL);

	(void)state;
	assert_int_equal(rules_host_count(r), 2);
	assert_int_equal(rules_net_count(r), 2);
	assert_int_equal(rules_net(r, 0).bits, 24);
	assert_int_equal(rules_net(r, 1).bits, 128);
	assert_true(rules_blocks_connections(r));
	assert_int_equal(rules_next_boundary(r, 1000000), 0);
	rules_put(r);
	r = rules_text_map(RULES "  - {block: requests, host: c.example}\n", NULL);
	assert_false(rules_blocks_connections(r));
	rules_put(r);
	r = rules_text_map("", NULL);
	assert_false(rules_blocks_connections(r));
	assert_int_equal(rules_gateway(r)->listen, 3129);
	rules_put(rules_get(r));
	rules_put(r);
	rules_put(NULL);
}

/* rules.yaml, what is asked (as above), cookies or parameters, and which filters there are: "line" or "@line", "?line" observed */
static void filters_that_change_requests(void **state)
{
	static const struct {
		const char *reason, *yaml, *question;
		enum rules_filter_kind kind;
		const char *want;
	} row[] = {
		{ "a parameter", BLOCK, "R a.example/?x=1", RULES_FILTER_PARAMS, "11" },
		{ "another host", BLOCK, "R c.example/?x=1", RULES_FILTER_PARAMS, "" },
		{ "its exception, of another list", BOTH, "R b.a.example/?x=1", RULES_FILTER_PARAMS, "11 @5" },
		{ "of another set", KIDS "  - file: except.txt\n", "R b.a.example/ ~10.0.0.3", RULES_FILTER_PARAMS, "11 @5" },
		{ "not for others", KIDS "  - file: except.txt\n", "R b.a.example/ ~10.0.1.3", RULES_FILTER_PARAMS, "" },
		{ "a cookie", BLOCK, "R a.example/", RULES_FILTER_COOKIES, "12" },
		{ "observed", "lists:\n  - {file: block.txt, mode: observe}\n", "R a.example/", RULES_FILTER_COOKIES, "?12" },
		{ "not used", "lists:\n  - {file: block.txt, cookies: no}\n", "R a.example/", RULES_FILTER_COOKIES, "" },
		{ "parameters all the same", "lists:\n  - {file: block.txt, cookies: no}\n", "R a.example/", RULES_FILTER_PARAMS, "11" },
		{ "in a list of exceptions", BLOCK "  - {file: except.txt, allow: yes}\n", "R b.a.example/", RULES_FILTER_PARAMS, "11 @5" },
		{ "own rules first", BLOCK RULES "  - {allow: cookies, host: a.example}\n", "R a.example/", RULES_FILTER_COOKIES, "" },
		{ "of their kind", BLOCK RULES "  - {allow: cookies, host: a.example}\n", "R a.example/", RULES_FILTER_PARAMS, "11" },
		{ "requests", BLOCK RULES "  - {allow: requests, host: a.example}\n", "R a.example/", RULES_FILTER_PARAMS, "" },
		{ "everything", BLOCK RULES "  - {allow: everything, host: a.example}\n", "R a.example/", RULES_FILTER_COOKIES, "" },
		{ "of one name only", BLOCK RULES "  - {allow: cookies, name: z}\n", "R a.example/", RULES_FILTER_COOKIES, "12" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rules *r = rules_text_map(row[i].yaml, lists);
		struct rules_filter out[4];
		char q[200], got[100] = "", text[100];
		struct facts f = { .type = RES_DOCUMENT };
		struct station client = { 0 };
		char *who;
		size_t n;

		snprintf(q, sizeof(q), "%s", row[i].question);
		who = take(q, '~');
		if (who && station_parse(&client, who))
			f.client = &client;
		f.url = span_of(q + 2);
		f.host = span_until(f.url, '/');
		n = rules_filters(r, &f, row[i].kind, out, 4);
		for (size_t k = 0; k < n; k++) {
			struct rules_origin o;

			assert_true(rules_origin(r, out[k].origin, &o, text, sizeof(text)));
			assert_true(span_eq(o.text, out[k].text) && o.observe == out[k].observe);
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s%u", k ? " " : "",
				 out[k].exception ? "@" : out[k].observe ? "?" : "", o.line);
		}
		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: %s instead of %s", row[i].reason, got, row[i].want);
		assert_true(n == 0 || rules_has_filters(r, row[i].kind));
		rules_put(r);
	}
}

static void observe_says_what_it_would_do(void **state)
{
	static const struct {
		const char *reason, *yaml, *url;
		uint32_t line;		/* 0: nothing */
	} row[] = {
		{ "a filter", "lists:\n  - {file: block.txt, mode: observe}\n", "paths.example/ads/x", 4 },
		{ "nothing", "lists:\n  - {file: block.txt, mode: observe}\n", "paths.example/", 0 },
		{ "a name", "lists:\n  - {file: good.hosts, mode: observe}\n", "cdn.mixed.example/", 1 },
		{ "lifted by a list in force", "lists:\n  - {file: block.txt, mode: observe}\n  - file: except.txt\n", "kept.example/ok", 0 },
		{ "or by its own", "lists:\n  - {file: block.txt, mode: observe}\n  - {file: except.txt, mode: observe}\n", "kept.example/ok", 0 },
		{ "own rules too", "lists:\n  - {file: block.txt, mode: observe}\nrules:\n  - {allow: requests, host: paths.example}\n",
		  "paths.example/ads/x", 0 },
		{ "switched off by a list in force", "lists:\n  - {file: block.txt, mode: observe}\n  - file: bad.txt\n", "whole.example/", 0 },
		{ "or by another observed one", "groups: {kids: 10.0.0.0/24}\nlists:\n  - {file: block.txt, mode: observe}\n"
		  "  - {file: bad.txt, mode: observe}\n", "whole.example/", 0 },
		{ "not by one for a group", "groups: {kids: 10.0.0.0/24}\nlists:\n  - {file: block.txt, mode: observe}\n"
		  "  - {file: bad.txt, groups: kids}\n", "whole.example/", 2 },
		{ "not observed", BLOCK, "good.example/", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rules *r = rules_text_map(row[i].yaml, lists);
		struct facts f = { .type = RES_UNKNOWN, .url = span_of(row[i].url) };
		struct rules_origin o = { .line = 0 };
		struct verdict v;
		char text[100];

		f.host = span_until(f.url, '/');
		assert_int_equal(rules_request(r, &f).action == ACT_BLOCK, false);
		v = rules_observe(r, &f);
		if (v.action == ACT_BLOCK)
			assert_true(rules_origin(r, v.origin, &o, text, sizeof(text)) && o.observe);
		if (o.line != row[i].line)
			fail_msg("%s: line %u", row[i].reason, o.line);
		rules_put(r);
	}
}

/* the entry in words, the stand-in of a redirect, and what does not act on connections */
static void a_verdict_of_a_list_in_words(void **state)
{
	static const struct {
		const char *yaml, *url, *text, *only;
		enum filter_resource resource;
	} row[] = {
		{ BOTH, "www.whole.example/", "||whole.example^", NULL, FILTER_RESOURCE_NONE },
		{ BOTH "  - {file: good.txt, allow: yes}\n", "www.whole.example/", "||whole.example^", NULL, FILTER_RESOURCE_NONE },
		{ BOTH, "paths.example/ads/", "||paths.example/ads/", "it names a part of the URL, not a whole host", FILTER_RESOURCE_NONE },
		{ BOTH, "kept.example/no", "||kept.example^", "except.txt:2 lifts it for some requests: @@||kept.example/ok",
		  FILTER_RESOURCE_NONE },
		{ BOTH, "r.example/", "||r.example^$redirect=noopjs", "redirect: it names an answer", FILTER_RESOURCE_SCRIPT },
		{ LISTS, "x.listed.example/", "listed.example", NULL, FILTER_RESOURCE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rules *r = rules_text_map(row[i].yaml, lists);
		struct facts f = { .type = RES_SCRIPT, .url = span_of(row[i].url) };
		char text[200];
		struct verdict v;
		const char *only;

		f.host = span_until(f.url, '/');
		v = rules_request(r, &f);
		assert_int_equal(v.action, ACT_BLOCK);
		assert_int_equal(v.resource, row[i].resource);
		f.type = RES_DOCUMENT;		/* a page that is navigated to says what blocks it */
		assert_int_equal(rules_request(r, &f).resource, FILTER_RESOURCE_NONE);
		if (!span_eq(rules_origin_text(r, &v, text, sizeof(text)), span_of(row[i].text)))
			fail_msg("%s: %.*s", row[i].text, SPAN_FMT(rules_origin_text(r, &v, text, sizeof(text))));
		only = rules_only_requests(r, NULL, f.host, &v, text, sizeof(text));
		if (!only != !row[i].only || (only && strcmp(only, row[i].only) != 0))
			fail_msg("%s: %s", row[i].text, only ? only : "on connections too");
		assert_int_equal(rules_connection(r, NULL, NULL, f.host, 0).action == ACT_BLOCK, !only);
		rules_put(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_the_table_says),
		cmocka_unit_test(says_where_a_rule_stands),
		cmocka_unit_test(tells_the_connection_layer),
		cmocka_unit_test(filters_that_change_requests),
		cmocka_unit_test(observe_says_what_it_would_do),
		cmocka_unit_test(a_verdict_of_a_list_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
