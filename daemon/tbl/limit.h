/* SPDX-License-Identifier: GPL-3.0-or-later */
/*	name			value		unit		what it bounds, and what happens there */

/* HTTP messages */
LIMIT(HEAD_BYTES,		131072,		"bytes",	"a request or response head; longer: 431 (request) or passed unread (response)")
LIMIT(HEAD_FIELDS,		256,		"fields",	"header fields of one message; more: 431 or passed unread")
LIMIT(CHUNK_LINE_BYTES,		4096,		"bytes",	"one chunk-size line with its extensions; longer: 400 or cut")
LIMIT(TRAILER_BYTES,		16384,		"bytes",	"the trailer section; longer: 400 or cut")
LIMIT(PIPELINE_REQUESTS,	64,		"requests",	"requests sent on and not yet answered, on one connection; more wait unread")
LIMIT(IMAGE_HELD_BYTES,		65536,		"bytes",	"of an image held while its pixel size is unknown; then it passes")
LIMIT(IMAGE_HELD_MS,		200,		"ms",		"for which an image is held; then it passes")
LIMIT(STAND_IN_PIXELS,		4096,		"pixels",	"width or height of an empty image; larger becomes 1x1")

/* Connections */
LIMIT(CONNECTIONS,		8192,		"connections",	"of one proxy process; from 90 % of it new traffic flows directly until 70 %")
LIMIT(CLIENT_CONNECTIONS,	1024,		"connections",	"of one client address; more are reset")
LIMIT(BUFFER_BYTES,		65536,		"bytes",	"held in one direction of one connection before reading pauses (a head may need more, up to HEAD_BYTES)")
LIMIT(POOL_BYTES,		268435456,	"bytes",	"of buffers in one proxy process, half of it for large ones; from 90 % of it new traffic flows directly until 70 %; past it a connection that needs one is closed")
LIMIT(PIPES,			128,		"pipes",	"for splice in one proxy process; past it bytes are copied")
LIMIT(DISCARD_BYTES,		1048576,	"bytes",	"of the body of a blocked request or a replaced image read and thrown away; longer: the connection ends")
LIMIT(FORWARD_ANSWERS,		4096,		"answers",	"of the monitor about the FORWARD policy remembered by one proxy process; newer ones take the place of older")
LIMIT(FIRST_BYTE_MS,		300,		"ms",		"a silent client is given before the server is dialled, in case it speaks first")
LIMIT(HEAD_MS,			30000,		"ms",		"for a request head once it began; then 408")
LIMIT(DIAL_MS,			10000,		"ms",		"for connecting to the original destination; then 504")
LIMIT(RESPONSE_MS,		120000,		"ms",		"for the first byte of an answer; then 504")
LIMIT(IDLE_MS,			300000,		"ms",		"without a byte between messages, or within a body; then closed")
LIMIT(TUNNEL_IDLE_MS,		3600000,	"ms",		"without a byte in a tunnel; then closed")
LIMIT(LINGER_MS,		2000,		"ms",		"to read and discard after an answer of our own, before the close")
LIMIT(DIRECT_SECONDS,		60,		"s",		"an origin that could not be dialled is left to its clients directly")

/* Rules */
LIMIT(RULES,			4096,		"rules",	"in rules.yaml; more: an error")
LIMIT(RULES_FILE_BYTES,		4194304,	"bytes",	"of rules.yaml; more: an error")
LIMIT(LIST_BYTES,		536870912,	"bytes",	"of one list; more: the list is refused")
LIMIT(LIST_NAMES,		16777216,	"names",	"of all lists together; more: the list is refused")
LIMIT(LISTS,			255,		"lists",	"in rules.yaml; more: an error")
LIMIT(LIST_LINE_BYTES,		65536,		"bytes",	"of one line of a list; a longer line is invalid and counted")
LIMIT(LIST_URL_BYTES,		2048,		"bytes",	"of the URL of a list; longer: an error")
LIMIT(REGEX_STEPS,		100000,		"steps",	"of one regular expression match; then it does not match")
LIMIT(REGEX_HEAP_KIB,		1024,		"KiB",		"heap of one regular expression match; then it does not match")
LIMIT(REGEX_SUBJECT_BYTES,	4096,		"bytes",	"of a URL that a regular expression looks at; the rest it does not see")
LIMIT(REGEX_PATTERN_BYTES,	4096,		"bytes",	"of one regular expression; longer: an error")
LIMIT(MATCH_URL_BYTES,		16384,		"bytes",	"of a URL that the filters of lists look at; the rest they do not see")
LIMIT(FILTERS_READ,		16384,		"filters",	"of lists that remove parameters or change cookies, kept ready by one process for one rule image; more do nothing")
LIMIT(FILTERS_AT_ONCE,		4096,		"filters",	"of them that hold for one request; more do nothing")
LIMIT(GROUPS,			256,		"groups",	"in rules.yaml; more: an error")
LIMIT(RULES_VALUES,		524288,		"values",	"in rules.yaml, aliases counted as what they stand for; more: an error")
LIMIT(IMAGES_ALIVE,		4,		"images",	"rule images alive in one process; a connection on an older one is closed")
LIMIT(IMAGE_BYTES,		1073741824,	"bytes",	"of one rule image; more: the build fails")
LIMIT(COMPILE_MS,		60000,		"ms",		"for a build of the rule image; then it is stopped and the old rules stay")
LIMIT(RULES_ERRORS,		100,		"errors",	"reported of one rules.yaml")

/* Fetching lists */
LIMIT(FETCH_RETRY_MIN,		30,		"s",		"until a list that could not be fetched is tried again, doubled each time")

/* Names learned from DNS */
LIMIT(DNS_MESSAGE_RECORDS,	128,		"records",	"read of one answer; the rest is not learned")
LIMIT(DNS_QUERIES,		65536,		"queries",	"waiting for their answer; the oldest is forgotten")
LIMIT(DNS_QUERY_MS,		5000,		"ms",		"an answer may follow its query to be learned")
LIMIT(DNS_CLIENT_RATE,		200,		"queries/s",	"of one client; more pass unlearned")
LIMIT(DNS_CLIENT_BURST,		400,		"queries",	"of one client at once; more pass unlearned")
LIMIT(DNS_HOLD_MS,		20,		"ms",		"an answer waits for the sets it causes; then it is released")
LIMIT(DNS_HELD,			4096,		"answers",	"held at once; more are released at once")
LIMIT(NAME_TTL_FLOOR,		60,		"s",		"a learned name lives at least")
LIMIT(NAME_TTL_CEILING,		3600,		"s",		"a learned name lives at most")
LIMIT(NAMES_LEARNED,		131072,		"names",	"learned (client, address, name); the one that expires first is forgotten")
LIMIT(PAIR_NAMES,		16,		"names",	"of one client at one address; the oldest is forgotten")
LIMIT(CLIENT_PAIRS,		8192,		"pairs",	"of one client; the one that expires first is forgotten")
LIMIT(CLIENT_NAMES,		16384,		"names",	"of one client; its one that expires first is forgotten")
LIMIT(NAMES_BYTES,		33554432,	"bytes",	"text of all learned names; the one that expires first is forgotten")
LIMIT(CLIENT_NAMES_BYTES,	4194304,	"bytes",	"text of one client's names; its one that expires first is forgotten")
LIMIT(CLIENTS,			16384,		"clients",	"known by link-layer address; the least recent is forgotten")
LIMIT(NAMED_HOSTS,		4096,		"hosts",	"named in rules.yaml and resolved ahead; more are only learned")
LIMIT(RESOLVE_AT_ONCE,		16,		"queries",	"of our own under way")
LIMIT(RESOLVE_RETRY_MS_MIN,	5000,		"ms",		"until a name of rules.yaml that could not be resolved is tried again, doubled each time")
LIMIT(RESOLVE_RETRY_MS_MAX,	600000,		"ms",		"until a name of rules.yaml that could not be resolved is tried again, at most")

/* First bytes of connections */
LIMIT(HELLO_BYTES,		16384,		"bytes",	"of a connection's first bytes read for a TLS ClientHello; a longer one passes unread")

/* Kernel sets and queues */
LIMIT(REFUSED_PAIRS,		65536,		"elements",	"of each refused set; at the bound SYNs are decided in user space")
LIMIT(REFUSED_SECONDS,		300,		"s",		"a refused pair lives at most")
LIMIT(DIRECT_SERVERS,		65536,		"elements",	"of each set of what is left to its clients directly; at the bound the proxy answers for it")
LIMIT(SUSPECTS,			65536,		"elements",	"of each suspect set; at the bound the host is left to the Host header")
LIMIT(SET_BATCH,		512,		"elements",	"changed in one transaction")
LIMIT(SETS_WAITING,		262144,		"changes",	"of sets waiting for the monitor; more are lost, and the sets filled anew")
LIMIT(QUEUE_LENGTH,		4096,		"packets",	"waiting in one queue; more pass (fail-open)")
LIMIT(QUEUE_COPY_BYTES,		4096,		"bytes",	"copied of one DNS packet")

/* Processes */
LIMIT(HEARTBEAT_MS,		250,		"ms",		"between heartbeats of the monitor")
LIMIT(SILENCE_MS,		1000,		"ms",		"a child may be silent; then disarmed, killed, restarted")
LIMIT(LEASE_SECONDS,		3,		"s",		"the firewall stays armed without renewal")
LIMIT(RESTART_MS_MIN,		50,		"ms",		"before a child is started again, doubled each time")
LIMIT(RESTART_MS_MAX,		10000,		"ms",		"before a child is started again, at most")
LIMIT(WORKERS,			64,		"processes",	"proxy processes")
LIMIT(CONTROL_CLIENTS,		16,		"connections",	"on the control socket; more wait")
LIMIT(CONTROL_MS,		10000,		"ms",		"for one request on the control socket; then closed")

/* Other tables' rules, read to know what INPUT and FORWARD policies would do */
LIMIT(RULESET_RULES,		65536,		"rules",	"of other firewall tables read; more: what they drop is unknown")
LIMIT(RULESET_ELEMENTS,		65536,		"elements",	"of one set of another table kept; of larger sets the kernel is asked each time")
LIMIT(RULESET_STEPS,		200000,		"expressions",	"interpreted for one packet; then what happens to it is unknown")
