/* SPDX-License-Identifier: GPL-3.0-or-later */
/*  section	key		function	default		example				one line of help */

KEY(TOP,	gateway,	top_gateway,	"",		"",				"what this machine is and how it filters")
KEY(TOP,	lists,		top_lists,	"none",		"",				"block lists that others maintain")
KEY(TOP,	groups,		top_groups,	"none",		"",				"names for client addresses: a map of name and addresses")
KEY(TOP,	rules,		top_rules,	"none",		"",				"your own rules; the first that matches wins, and they come before the lists")

KEY(GATEWAY,	lan,		gateway_lan,	"auto",		"[br0, eth1]",			"interfaces whose clients are filtered, or auto")
KEY(GATEWAY,	filter_self,	gateway_self,	"auto",		"yes",				"also filter what this machine itself sends: yes, no, or auto (where no lan was found)")
KEY(GATEWAY,	http_ports,	gateway_ports,	"80",		"[80, 8080]",			"TCP ports whose traffic is read as HTTP")
KEY(GATEWAY,	listen,		gateway_listen,	"3129",		"3129",				"the proxy's own port")
KEY(GATEWAY,	workers,	gateway_workers, "auto",	"2",				"proxy processes; auto: one for each CPU")
KEY(GATEWAY,	on_failure,	gateway_failure, "pass",	"block",			"when dejunk does not run: pass or block")
KEY(GATEWAY,	refuse_with,	gateway_refuse,	"reset",	"drop",				"how a connection is refused: reset or drop")
KEY(GATEWAY,	unlearned,	gateway_unlearned, "defer",	"refuse",			"a client whose DNS was not seen, at a blocked host's address: defer or refuse")
KEY(GATEWAY,	non_http,	gateway_non_http, "pass",	"refuse",			"what is not HTTP on an HTTP port: pass or refuse")
KEY(GATEWAY,	probe,		gateway_probe,	"no",		"127.0.0.1:1100",		"address and port where the UNIX time is told; no: none")
KEY(GATEWAY,	exempt,		gateway_exempt,	"none",		"[192.168.1.9, 10.9.0.0/16]",	"clients that are never filtered")

KEY(LIST,	file,		list_file,	"required",	"lists/stevenblack.hosts",	"path of the list, relative to rules.yaml")
KEY(LIST,	mode,		list_mode,	"block",	"observe",			"block, or observe: read and count, enforce nothing")

KEY(RULE,	block,		rule_block,	"",		"requests",			"connections, requests, cookies or images")
KEY(RULE,	allow,		rule_allow,	"",		"everything",			"connections, requests, cookies, images or everything")
KEY(RULE,	limit,		rule_limit,	"",		"cookies",			"cookies: keep them for the browser session only")
KEY(RULE,	host,		rule_host,	"any",		"[ads.example, \"=www.school.example\"]", "names: a name covers itself and all below it, =name that name alone")
KEY(RULE,	url,		rule_url,	"any",		"[\"*/telemetry/*\", \"/beacon[0-9]+/\"]", "globs over host/path?query, or /regular expressions/")
KEY(RULE,	address,	rule_address,	"any",		"[198.51.100.0/24, \"2001:db8:bad::/48\"]", "addresses or prefixes of the server")
KEY(RULE,	name,		rule_name,	"any",		"[\"_ga*\", _fbp]",		"cookie names: globs, or /regular expressions/")
KEY(RULE,	size,		rule_size,	"any",		"[1x1, 468x60]",		"width and height of an image in pixels")
KEY(RULE,	third_party,	rule_third_party, "any",	"yes",				"yes: only requests made by a page of another site; no: only others")
KEY(RULE,	group,		rule_group,	"any",		"kids",				"clients: names of the groups section")
KEY(RULE,	between,	rule_between,	"always",	"[mon-fri 08:00-15:30, 21:00-06:30]", "local times")
