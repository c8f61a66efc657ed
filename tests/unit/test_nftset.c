/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_nftset - the real table in a network namespace of its own: keys, leases, prefixes, queue rules, events
 *
 * links: nftset nftlan kset nftevent firewall gateway setsync rtnl counters log addr reached
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "container.h"
#include "counters.h"
#include "firewall.h"
#include "messages.h"
#include "netns.h"
#include "nftevent.h"
#include "nftset.h"
#include "rtnl.h"
#include "setsync.h"

static struct nftset *nft;
static uint64_t handle;
static const char *const file = "nft/dejunk.nft";

static struct gateway gateway(void)
{
	struct gateway g = { .lan_auto = 1, .http_ports = 2, .http_port = { 80, 8080 }, .tls_ports = 1, .tls_port = { 443 }, .listen = 3129 };

	return g;
}

static void load(void)
{
	struct gateway g = gateway();
	char err[FIREWALL_TEXT];

	if (firewall_load(&g, 63129, file, err)) {
		print_message("%s\n", err);
		fail();
	}
}

static struct addr a(const char *text)
{
	struct addr x;

	assert_true(addr_parse(&x, span_of(text)));
	return x;
}

/* nft_says - does the listing of a set hold this text? */
static bool nft_says(const char *set, const char *text)
{
	char cmd[256], out[8192];
	FILE *p;
	size_t n;

	snprintf(cmd, sizeof(cmd), "/usr/sbin/nft list set inet dejunk %s | tr -s ' \\n\\t' ' '", set);
	p = popen(cmd, "r");
	assert_non_null(p);
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	pclose(p);
	if (strstr(out, text))
		return true;
	print_message("no \"%s\" in: %s\n", text, out);
	return false;
}

static bool is_empty(const char *set)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "/usr/sbin/nft list set inet dejunk %s | grep -q elements", set);
	return system(cmd) != 0;
}

static void the_table_comes_and_goes(void **state)
{
	struct gateway g = gateway();
	char err[FIREWALL_TEXT];

	(void)state;
	assert_int_equal(firewall_unload(err), 0);	/* there is none: no error */
	assert_int_equal(nftset_table(nft, &handle), 0);
	load();
	assert_int_equal(nftset_table(nft, &handle), 1);
	load();						/* again: replaced */
	assert_true(nftset_rules(nft) > 50);
	assert_int_equal(firewall_check(&g, 63129, file, err), 0);
	g.refuse_with = REFUSE_DROP;
	g.on_failure = FAILURE_BLOCK;
	g.http_port[1] = 443;				/* also in web_ports, once */
	assert_int_equal(firewall_load(&g, 63129, file, err), 0);
	assert_int_equal(firewall_load(&g, 63129, "/nonexistent.nft", err), -ENOENT);
	assert_non_null(strstr(err, "/nonexistent.nft"));
	assert_int_equal(firewall_load(&g, 63129, "Makefile", err), -EINVAL);
	assert_non_null(strstr(err, "Error"));
	assert_int_equal(nftset_table(nft, &handle), 1);		/* the old one stays */
	assert_int_equal(firewall_unload(err), 0);
	assert_int_equal(nftset_table(nft, &handle), 0);
	assert_int_equal(nftset_rules(nft), 0);
	assert_int_equal(nftset_lease_end(nft), -ENOENT);
	load();
}

static void keys_are_read_back_by_nft(void **state)
{
	static const uint8_t hw[6] = { 2, 0, 0, 0, 0, 7 };
	struct addr s4 = a("203.0.113.9"), c4 = a("10.1.0.2"), s6 = a("2001:db8::9"), c6 = a("fd01::2");
	struct addr d4 = s4, d6 = s6;
	const struct {
		enum kset set;
		struct kset_key key;
		uint64_t timeout_ms;
		const char *text;
	} rows[] = {
		{ KSET_LEASE_SELF, kset_key_family(AF_INET6), 9000, "{ ipv6 timeout" },
		{ KSET_EXEMPT_HW, kset_key_hw(hw), 0, "{ 02:00:00:00:00:07 }" },
		{ KSET_PAUSED_HW, kset_key_hw(hw), 9000, "{ 02:00:00:00:00:07 timeout 9s" },
		{ KSET_PAUSED4, kset_key_addr(&c4), 9000, "{ 10.1.0.2 timeout" },
		{ KSET_PAUSED6, kset_key_addr(&c6), 9000, "{ fd01::2 timeout" },
		{ KSET_REFUSED_HW4, kset_key_hw_addr(hw, &s4), 9000, "{ 02:00:00:00:00:07 . 203.0.113.9 timeout" },
		{ KSET_REFUSED_HW6, kset_key_hw_addr(hw, &s6), 9000, "{ 02:00:00:00:00:07 . 2001:db8::9 timeout" },
		{ KSET_REFUSED_IP4, kset_key_addr_addr(&c4, &s4), 9000, "{ 10.1.0.2 . 203.0.113.9 timeout" },
		{ KSET_REFUSED_IP6, kset_key_addr_addr(&c6, &s6), 9000, "{ fd01::2 . 2001:db8::9 timeout" },
		{ KSET_REFUSED_SELF4, kset_key_addr(&s4), 9000, "{ 203.0.113.9 timeout" },
		{ KSET_REFUSED_SELF6, kset_key_addr(&s6), 9000, "{ 2001:db8::9 timeout" },
		{ KSET_SUSPECT4, kset_key_addr(&s4), 9000, "{ 203.0.113.9 timeout" },
		{ KSET_SUSPECT6, kset_key_addr(&s6), 9000, "{ 2001:db8::9 timeout" },
		{ KSET_DIRECT_PAIR4, kset_key_addr_addr(&c4, &s4), 9000, "{ 10.1.0.2 . 203.0.113.9 timeout" },
		{ KSET_DIRECT_PAIR6, kset_key_addr_addr(&c6, &s6), 9000, "{ fd01::2 . 2001:db8::9 timeout" },
	};
	struct kset_key k;

	(void)state;
	load();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		nftset_begin(nft);
		assert_int_equal(nftset_delete(nft, rows[i].set, &rows[i].key), 0);	/* not there: no error */
		assert_int_equal(nftset_renew(nft, rows[i].set, &rows[i].key, rows[i].timeout_ms), 0);
		assert_int_equal(nftset_commit(nft), 0);
		assert_true(nft_says(kset_name(rows[i].set), rows[i].text));
		nftset_begin(nft);
		assert_int_equal(nftset_delete(nft, rows[i].set, &rows[i].key), 0);
		assert_int_equal(nftset_commit(nft), 0);
		assert_true(is_empty(kset_name(rows[i].set)));
	}
	d4.port_be = d6.port_be = __builtin_bswap16(8080);
	nftset_begin(nft);
	k = kset_key_addr_port(&d4);
	assert_int_equal(nftset_add(nft, KSET_DIRECT4, &k, 60000), 0);
	k = kset_key_addr_port(&d6);
	assert_int_equal(nftset_add(nft, KSET_DIRECT6, &k, 60000), 0);
	assert_int_equal(nftset_add(nft, KSET_DIRECT4, &k, 60000), -EINVAL);	/* a key of the other family */
	assert_int_equal(nftset_commit(nft), 0);
	assert_true(nft_says("direct4", "{ 203.0.113.9 . 8080 timeout 1m"));
	assert_true(nft_says("direct6", "{ 2001:db8::9 . 8080 timeout 1m"));
}

static void a_batch_is_all_or_nothing(void **state)
{
	struct addr s4 = a("203.0.113.9");
	struct kset_key k = kset_key_addr(&s4);
	struct prefix p = { .net = a("198.51.100.0"), .bits = 24 }, inside = { .net = a("198.51.100.7"), .bits = 32 };

	(void)state;
	load();
	nftset_begin(nft);
	assert_int_equal(nftset_commit(nft), 0);	/* empty */
	nftset_begin(nft);
	assert_int_equal(nftset_add(nft, KSET_SUSPECT4, &k, 1000), 0);
	assert_int_equal(nftset_add_prefix(nft, KSET_SUSPECT_NET4, &p), 0);
	assert_int_equal(nftset_add_prefix(nft, KSET_SUSPECT_NET4, &inside), 0);
	assert_true(nftset_commit(nft) < 0);
	assert_true(is_empty("suspect4"));
	/* a bound on the batch: what fitted stands */
	nftset_begin(nft);
	for (int i = 0;; i++) {
		int err;

		s4.ip[0] = (uint8_t)(i >> 16), s4.ip[1] = (uint8_t)(i >> 8), s4.ip[2] = (uint8_t)i;
		k = kset_key_addr(&s4);
		err = nftset_renew(nft, KSET_SUSPECT4, &k, 1000);
		assert_true(i < 100000);
		if (err) {
			assert_int_equal(err, -ENOBUFS);
			break;
		}
	}
	assert_int_equal(nftset_commit(nft), 0);
}

static void lan_and_lease(void **state)
{
	struct nftset_arm arm[] = {
		{ .ifname = "lan0", .ifindex = 1, .v4 = true, .v6 = true },	/* the lease goes by index: 1 is lo */
		{ .ifname = "abcdefghijklmno", .v4 = true },	/* not there yet */
		{ .ifname = "lan7", .ifindex = 77, .v4 = true },
	};

	(void)state;
	load();
	assert_int_equal(nftset_lan_unknown(nft), 0);
	assert_true(nft_says("lan_unknown", "{ ipv4, ipv6 }") || nft_says("lan_unknown", "{ ipv6, ipv4 }"));
	assert_int_equal(nftset_lan(nft, arm, 3), 0);
	assert_true(is_empty("lan_unknown"));
	assert_true(nft_says("lan", "ipv6 . \"lan0\""));
	assert_true(nft_says("lan", "ipv4 . \"abcdefghijklmno\""));
	assert_true(nft_says("lan_index", "0"));
	for (int i = 0; i < 3; i++)	/* renewed again and again */
		assert_int_equal(nftset_lease(nft, arm, 3, true, false, 3000), 0);
	assert_true(nft_says("lease", "ipv4 . \"lo\" timeout 3s"));
	assert_true(nft_says("lease", "ipv6 . \"lo\" timeout 3s"));
	assert_true(nft_says("lease", "ipv4 . 77 timeout 3s"));
	assert_false(nft_says("lease", "ipv4 . 0"));
	assert_true(nft_says("lease_self", "{ ipv4 timeout 3s"));
	assert_int_equal(nftset_lease(nft, arm, 1, false, false, 3000), 0);
	assert_true(is_empty("lease_self"));
	assert_false(nft_says("lease", "77"));
	assert_int_equal(nftset_lease_end(nft), 0);
	assert_true(is_empty("lease"));
}

static void prefixes_are_merged_and_reach_the_ends(void **state)
{
	struct prefix p[] = {
		{ .net = a("198.51.100.7"), .bits = 32 },
		{ .net = a("198.51.100.0"), .bits = 24 },
		{ .net = a("198.51.100.0"), .bits = 25 },
		{ .net = a("198.51.101.0"), .bits = 24 },	/* adjacent */
		{ .net = a("255.255.255.0"), .bits = 24 },	/* up to the last address */
		{ .net = a("2001:db8:bad::"), .bits = 48 },
		{ .net = a("2001:db8:bad::1"), .bits = 128 },
		{ .net = a("ffff::"), .bits = 16 },
	};
	struct prefix all[] = { { .net = a("0.0.0.0"), .bits = 0 }, { .net = a("::"), .bits = 0 }, { .net = a("10.0.0.0"), .bits = 8 } };

	(void)state;
	load();
	assert_int_equal(nftset_prefixes(nft, KSET_SUSPECT_NET4, p, ARRAY_LEN(p)), 0);
	assert_true(nft_says("suspect_net4", "{ 198.51.100.0/24, 198.51.101.0/24, 255.255.255.0/24 }"));
	assert_true(nft_says("suspect_net6", "{ 2001:db8:bad::/48, ffff::/16 }"));
	assert_int_equal(nftset_prefixes(nft, KSET_SUSPECT_NET4, all, ARRAY_LEN(all)), 0);
	assert_true(nft_says("suspect_net4", "{ 0.0.0.0/0 }"));
	assert_int_equal(nftset_prefixes(nft, KSET_SUSPECT_NET4, NULL, 0), 0);
	assert_true(is_empty("suspect_net4"));
	assert_true(is_empty("suspect_net6"));
}

static void the_exempt_are_replaced_as_a_whole(void **state)
{
	struct prefix p[] = {
		{ .net = { .family = FAMILY_HW, .ip = { 2, 0, 0, 0, 0, 7 } }, .bits = 48 },
		{ .net = a("10.1.0.77"), .bits = 32 },
		{ .net = a("fd01::"), .bits = 64 },
	};

	(void)state;
	load();
	assert_int_equal(nftset_exempt(nft, p, ARRAY_LEN(p)), 0);
	assert_true(nft_says("exempt_hw", "{ 02:00:00:00:00:07 }"));
	assert_true(nft_says("exempt4", "{ 10.1.0.77 }"));
	assert_true(nft_says("exempt6", "{ fd01::/64 }"));
	assert_int_equal(nftset_exempt(nft, NULL, 0), 0);
	assert_true(is_empty("exempt_hw"));
	assert_true(is_empty("exempt4"));
	assert_true(is_empty("exempt6"));
}

static void queue_rules_and_counters(void **state)
{
	uint64_t packets = 7, bytes = 7;
	int way;

	(void)state;
	load();
	way = nftset_queue_rules(nft, &(struct nftset_queues){ 5381, 5380, 5382 }, true);
	if (way == -ENOENT)
		print_message("SKIP queue rules: this kernel has no way to queue from nft\n");
	else
		assert_true(way == NFTSET_QUEUE_NATIVE || way == NFTSET_QUEUE_TARGET);
	if (way > 0) {
		print_message("queue rules by %s\n", way == NFTSET_QUEUE_NATIVE ? "the native expression" : "xtables' target");
		assert_int_equal(nftset_queue_rules(nft, &(struct nftset_queues){ 5381, 5380, 5382 }, true), way);	/* replaced, not doubled */
		/* one rule each; nft without xtables' plug-ins shows the fallback as an empty line with a handle */
		assert_int_equal(system("/usr/sbin/nft -a list chain inet dejunk ask_syn 2>/dev/null | grep -c '# handle' | grep -qx 2"), 0);
		assert_int_equal(system("/usr/sbin/nft -a list chain inet dejunk ask_dns 2>/dev/null | grep -c '# handle' | grep -qx 2"), 0);
		assert_int_equal(system("/usr/sbin/nft -a list chain inet dejunk ask_hello 2>/dev/null | grep -c '# handle' | grep -qx 2"), 0);
	}
	assert_int_equal(nftset_counter(nft, "redirected", &packets, &bytes), 0);
	assert_int_equal(packets, 0);
	assert_int_equal(nftset_counter(nft, "no_such", &packets, &bytes), -ENOENT);
}

/* has - does the listing of a chain hold this text? */
static bool has(const char *chain, const char *text)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "/usr/sbin/nft list chain inet dejunk %s 2>/dev/null | grep -q '%s'", chain, text);
	return system(cmd) == 0;
}

static void rules_are_switched(void **state)
{
	int all;

	(void)state;
	load();
	all = nftset_rules(nft);
	assert_true(has("spare_client", "jump spared"));
	assert_int_equal(nftset_switch(nft, "spare_client", "spared", false), 0);
	assert_false(has("spare_client", "jump"));
	assert_int_equal(nftset_rules(nft), all - 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nftset_switch(nft, "spare_client", "spared", true), 0);
		assert_true(has("spare_client", "jump spared"));
		assert_int_equal(nftset_rules(nft), all);
	}
	assert_int_equal(nftset_switch(nft, "spare_client", "no_such", true), -ENOENT);
	assert_true(has("spare_client", "jump spared"));	/* all or nothing */
}

static void base_chains_are_there_where_they_are_needed(void **state)
{
	struct gateway g = gateway();
	char err[FIREWALL_TEXT];

	(void)state;
	load();
	assert_false(has("early", "hook"));
	assert_false(has("unleased", "hook"));
	g.refuse_with = REFUSE_DROP;
	assert_int_equal(firewall_load(&g, 63129, file, err), 0);
	assert_true(has("early", "hook"));
	assert_false(has("unleased", "hook"));
	g.refuse_with = REFUSE_RESET;
	g.on_failure = FAILURE_BLOCK;
	assert_int_equal(firewall_load(&g, 63129, file, err), 0);
	assert_false(has("early", "hook"));
	assert_true(has("unleased", "hook"));
}

static int event(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int seen = 0;

	while (poll(&p, 1, 50) > 0) {
		int e = nftevent_read(fd);

		assert_true(e >= 0);
		seen |= e;
	}
	return seen;
}

static void events(void **state)
{
	struct nftset_arm arm = { .ifname = "lan0", .ifindex = 1, .v4 = true };
	int fd;

	(void)state;
	load();
	fd = nftevent_open(nftset_port(nft));
	assert_true(fd >= 0);
	assert_int_equal(nftset_lease(nft, &arm, 1, true, true, 3000), 0);
	assert_int_equal(event(fd), 0);			/* own elements do not wake */
	assert_int_equal(system("/usr/sbin/nft add element inet dejunk lan { ipv4 . other0 }"), 0);
	assert_int_equal(event(fd), 0);
	assert_int_equal(system("/usr/sbin/nft flush set inet dejunk lan"), 0);
	assert_int_equal(event(fd), NFTEVENT_ELEMENTS);	/* by somebody else */
	assert_int_equal(nftset_lease_end(nft), 0);
	assert_int_equal(event(fd), 0);
	assert_int_equal(nftset_lease(nft, &arm, 1, true, true, 3000), 0);
	assert_int_equal(system("/usr/sbin/nft flush set inet dejunk lease"), 0);
	assert_int_equal(event(fd), NFTEVENT_ELEMENTS);
	load();
	assert_int_equal(event(fd), NFTEVENT_OWN);	/* replaced is not gone */
	assert_int_equal(system("/usr/sbin/nft add table ip other"), 0);
	assert_int_equal(event(fd), NFTEVENT_OTHERS);
	assert_int_equal(system("/usr/sbin/nft 'add set ip other s { type ipv4_addr; }; add element ip other s { 1.2.3.4 }'"), 0);
	assert_int_equal(event(fd), NFTEVENT_OTHERS);
	assert_int_equal(system("/usr/sbin/nft add element ip other s { 1.2.3.5 }"), 0);
	assert_int_equal(event(fd), NFTEVENT_OTHERS);
	assert_int_equal(system("/usr/sbin/nft delete table inet dejunk"), 0);
	assert_int_equal(event(fd), NFTEVENT_OWN | NFTEVENT_GONE);
	load();
	assert_int_equal(system("/usr/sbin/nft flush ruleset"), 0);	/* in this namespace of ours */
	assert_true(event(fd) & NFTEVENT_GONE);
	close(fd);
}

/* --- setsync ------------------------------------------------------------------------- */

static struct msg_set refused(enum client_kind kind, const char *client, const char *server)
{
	struct msg_set m = { .op = SET_ADD, .set = SET_REFUSED, .timeout_s = 100000, .client = { .kind = (uint8_t)kind } };

	m.addr = a(server);
	if (kind == CLIENT_IP)
		m.client.ip = a(client);
	else
		m.client.hw[5] = 9;
	return m;
}

static void setsync_believes_nobody(void **state)
{
	struct setsync *s;
	struct rtnl *r;
	uint64_t errors = counters->n[COUNTER_SET_ERRORS];
	struct msg_set bad[] = {
		refused(CLIENT_HW, "", "10.0.0.1"),		/* private */
		refused(CLIENT_HW, "", "127.0.0.1"),
		refused(CLIENT_HW, "", "fe80::1"),
		refused(CLIENT_HW, "", "224.0.0.1"),
		refused(CLIENT_HW, "", "203.0.113.1"),		/* the gateway's own */
		refused(CLIENT_SELF, "", "2001:db8:2::1"),	/* the same */
		refused(CLIENT_IP, "fd01::2", "203.0.113.9"),	/* families differ */
		refused(CLIENT_NONE, "", "203.0.113.9"),
		refused((enum client_kind)77, "", "203.0.113.9"),
		{ .op = SET_ADD, .set = 99, .addr = a("203.0.113.9") },
		{ .op = 9, .set = SET_SUSPECT, .addr = a("203.0.113.9") },
		{ .op = SET_ADD, .set = SET_SUSPECT, .addr = { .family = 3 } },
		{ .op = SET_ADD, .set = SET_SUSPECT_NET, .bits = 33, .addr = a("203.0.113.0") },
		refused(CLIENT_HW, "", "203.0.113.9"),		/* and one good one among them */
	};

	(void)state;
	if (!netns_have("ip")) {
		print_message("SKIP setsync_believes_nobody: no ip program\n");
		skip();
	}
	load();
	assert_int_equal(system("ip link add wan type veth peer name wan2 && ip addr add 203.0.113.1/24 dev wan && "
				"ip addr add 2001:db8:2::1/64 dev wan && ip link set wan up"), 0);
	assert_int_equal(rtnl_new(&r), 0);
	assert_int_equal(setsync_new(&s, nft, r), 0);
	assert_int_equal(setsync_apply(s, bad, sizeof(bad)), EINVAL);
	assert_int_equal(counters->n[COUNTER_SET_ERRORS] - errors, ARRAY_LEN(bad) - 1);
	assert_true(nft_says("refused_hw4", "{ 00:00:00:00:00:09 . 203.0.113.9 timeout 5m"));	/* capped */
	assert_true(is_empty("refused_self6"));
	assert_true(is_empty("refused_hw6"));
	assert_int_equal(setsync_apply(s, bad, 3), EINVAL);	/* a torn message */
	assert_int_equal(setsync_apply(s, NULL, 0), 0);
	setsync_free(s);
	rtnl_free(r);
}

static void setsync_maps_each_kind(void **state)
{
	struct msg_set good[] = {
		refused(CLIENT_IP, "10.1.0.2", "203.0.113.9"),
		refused(CLIENT_IP, "fd01::2", "2001:db8::9"),
		refused(CLIENT_SELF, "", "203.0.113.9"),
		refused(CLIENT_HW, "", "2001:db8::9"),
		{ .op = SET_ADD, .set = SET_SUSPECT, .timeout_s = 60, .addr = a("203.0.113.9") },
		{ .op = SET_DELETE, .set = SET_SUSPECT, .addr = a("203.0.113.99") },	/* was never there */
		{ .set = SET_SUSPECT_NET_FLUSH },
		{ .op = SET_ADD, .set = SET_SUSPECT_NET, .bits = 32, .addr = a("198.51.100.9") },
		{ .op = SET_ADD, .set = SET_SUSPECT_NET, .bits = 24, .addr = a("198.51.100.3") },
	};
	struct msg_set flush = { .set = SET_REFUSED_FLUSH }, net_flush = { .set = SET_SUSPECT_NET_FLUSH };
	struct msg_set many[1500];
	struct setsync *s;
	struct rtnl *r;

	(void)state;
	load();
	assert_int_equal(rtnl_new(&r), 0);
	assert_int_equal(setsync_new(&s, nft, r), 0);
	assert_int_equal(setsync_apply(s, good, sizeof(good)), 0);
	assert_true(nft_says("refused_ip4", "10.1.0.2 . 203.0.113.9"));
	assert_true(nft_says("refused_ip6", "fd01::2 . 2001:db8::9"));
	assert_true(nft_says("refused_self4", "203.0.113.9"));
	assert_true(nft_says("refused_hw6", "2001:db8::9"));
	assert_true(nft_says("suspect4", "{ 203.0.113.9 timeout 1m"));
	assert_true(nft_says("suspect_net4", "{ 198.51.100.0/24 }"));
	load();
	assert_int_equal(setsync_table_new(s), 0);		/* prefixes come back */
	assert_true(nft_says("suspect_net4", "{ 198.51.100.0/24 }"));
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		many[i] = refused(CLIENT_HW, "", "198.18.0.0");
		many[i].addr = (struct addr){ .family = AF_INET, .ip = { 203, 1, (uint8_t)(i >> 8), (uint8_t)i } };
	}
	assert_int_equal(setsync_apply(s, many, sizeof(many)), 0);	/* more than one batch */
	assert_int_equal(system("/usr/sbin/nft list set inet dejunk refused_hw4 | grep -o ' 203[.]1[.]' | wc -l | grep -qx 1500"), 0);
	assert_int_equal(setsync_apply(s, &flush, sizeof(flush)), 0);
	assert_true(is_empty("refused_hw4"));
	assert_int_equal(setsync_apply(s, &net_flush, sizeof(net_flush)), 0);
	assert_true(is_empty("suspect_net4"));
	assert_int_equal(system("/usr/sbin/nft delete table inet dejunk"), 0);
	assert_int_equal(setsync_apply(s, good, sizeof(good)), ENOENT);
	setsync_free(s);
	rtnl_free(r);
}

/* a full set: the rest of the message still gets in, and the monitor is not kept for long */
static void a_full_set_holds_nobody_up(void **state)
{
	struct msg_set m[600];
	struct setsync *s;
	struct rtnl *r;

	(void)state;
	load();
	/* the same table with a small set */
	assert_int_equal(system("/usr/sbin/nft list table inet dejunk | sed '/set refused_ip4/,/}/s/size 65536/size 10/' >/tmp/dejunk-test-full.nft && "
				"/usr/sbin/nft delete table inet dejunk && /usr/sbin/nft -f /tmp/dejunk-test-full.nft && rm /tmp/dejunk-test-full.nft"), 0);
	assert_int_equal(rtnl_new(&r), 0);
	assert_int_equal(setsync_new(&s, nft, r), 0);
	for (size_t i = 0; i < ARRAY_LEN(m); i++) {
		m[i] = refused(CLIENT_IP, "10.1.0.2", "198.18.0.0");
		m[i].addr = (struct addr){ .family = AF_INET, .ip = { 203, 1, (uint8_t)(i >> 8), (uint8_t)i } };
	}
	m[ARRAY_LEN(m) - 1] = (struct msg_set){ .op = SET_ADD, .set = SET_SUSPECT, .timeout_s = 60, .addr = a("203.0.113.9") };
	assert_int_equal(setsync_apply(s, m, sizeof(m)), ENFILE);
	assert_true(nft_says("suspect4", "203.0.113.9"));
	assert_int_equal(system("/usr/sbin/nft list set inet dejunk refused_ip4 | grep -o ' 203[.]1[.]' | wc -l | grep -qx 10"), 0);
	setsync_free(s);
	rtnl_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_comes_and_goes),
		cmocka_unit_test(keys_are_read_back_by_nft),
		cmocka_unit_test(a_batch_is_all_or_nothing),
		cmocka_unit_test(lan_and_lease),
		cmocka_unit_test(prefixes_are_merged_and_reach_the_ends),
		cmocka_unit_test(the_exempt_are_replaced_as_a_whole),
		cmocka_unit_test(queue_rules_and_counters),
		cmocka_unit_test(rules_are_switched),
		cmocka_unit_test(base_chains_are_there_where_they_are_needed),
		cmocka_unit_test(events),
		cmocka_unit_test(setsync_maps_each_kind),
		cmocka_unit_test(setsync_believes_nobody),
		cmocka_unit_test(a_full_set_holds_nobody_up),
	};
	int failed;

	if (!netns_enter() || access("/usr/sbin/nft", X_OK) < 0 || nftset_new(&nft) < 0) {
		printf("SKIP test_nftset: needs root, nft and a network namespace\n[  SKIPPED ] %zu test(s).\n", ARRAY_LEN(tests));
		return 0;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	nftset_free(nft);
	return failed;
}
