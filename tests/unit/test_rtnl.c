/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_rtnl - interfaces, "lan: auto", own addresses, routes and neighbours, in a network namespace of its own
 *
 * links: rtnl rtnl_policy addr
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns.h"
#include "rtnl.h"

static struct rtnl *r;

static struct addr a(const char *text)
{
	struct addr x;

	assert_true(addr_parse(&x, span_of(text)));
	return x;
}

/* sh - change the namespace, then let the snapshot follow */
static void sh(const char *cmd)
{
	struct pollfd p = { .fd = rtnl_fd(r), .events = POLLIN };

	if (system(cmd) != 0)
		fail_msg("%s", cmd);
	while (poll(&p, 1, 50) > 0)
		assert_true(rtnl_read(r) >= 0);
}

/* lan - names of what "lan: auto" means, in a string */
static const char *lan(void)
{
	static char text[256];
	const struct rtnl_link *l[16];
	size_t n = rtnl_lan_auto(r, l, 16);

	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, l[i]->name);
	}
	return text;
}

static void lan_auto(void **state)
{
	(void)state;
	assert_string_equal(lan(), "");
	sh("ip link add lan0 type veth peer name x0; ip addr add 10.1.0.1/24 dev lan0; ip link set lan0 up; ip link set x0 up;"
	   "ip link add wan0 type veth peer name x1; ip addr add 203.0.113.1/24 dev wan0; ip link set wan0 up; ip link set x1 up");
	assert_string_equal(lan(), "");			/* no default route yet */
	assert_string_equal(rtnl_lan_why_not(r, rtnl_link(r, "lan0")), "there is no default route yet");
	sh("ip route add default via 203.0.113.2");
	assert_string_equal(lan(), "lan0");		/* x0 and x1 have link-local addresses only */
	sh("ip route del default; ip -6 addr add 2001:db8:2::1/64 dev wan0 nodad; ip -6 route add default via 2001:db8:2::2");
	assert_string_equal(lan(), "lan0");		/* a default route of either family */
	assert_true(rtnl_link(r, "wan0")->default_route);
	sh("ip route add default proto static metric 9 nexthop via 203.0.113.2 nexthop via 10.1.0.9");
	assert_string_equal(lan(), "");
	sh("ip route del default metric 9; ip link set lan0 down");
	assert_string_equal(lan(), "");
	sh("ip link set lan0 up; ip link set lan0 name docker0");
	assert_string_equal(lan(), "");
	sh("ip link set docker0 down; ip link set docker0 name br-0123456789ab; ip link set br-0123456789ab up");
	assert_string_equal(lan(), "");
	sh("ip link set br-0123456789ab down; ip link set br-0123456789ab name br-lan; ip link set br-lan up");
	assert_string_equal(lan(), "br-lan");
	sh("ip link set br-lan down; ip link set br-lan name lan0; ip link set lan0 up");
	assert_string_equal(lan(), "lan0");
}

static void bridge_members_are_not_a_lan(void **state)
{
	(void)state;
	if (system("ip link add br0 type bridge 2>/dev/null") != 0) {
		print_message("SKIP bridge_members_are_not_a_lan: no bridges here\n");
		skip();
	}
	sh("ip link set lan0 master br0; ip addr add 10.2.0.1/24 dev br0; ip link set br0 up");
	assert_string_equal(lan(), "br0");
	assert_string_equal(rtnl_lan_why_not(r, rtnl_link(r, "lan0")), "part of a bridge or bond");
	assert_string_equal(rtnl_link(r, "br0")->kind, "bridge");
	sh("ip link del br0");
	assert_string_equal(lan(), "lan0");
}

static void own_addresses_come_and_go(void **state)
{
	struct addr own4 = a("10.1.0.1"), own6 = a("2001:db8:2::1"), other = a("10.1.0.2"), lo4 = a("127.8.8.8"), lo6 = a("::1");

	(void)state;
	own4.port_be = 5;				/* not looked at */
	assert_true(rtnl_is_own(r, &own4) && rtnl_is_own(r, &own6) && rtnl_is_own(r, &lo4) && rtnl_is_own(r, &lo6));
	assert_false(rtnl_is_own(r, &other));
	sh("ip addr add 10.1.0.2/24 dev lan0");
	assert_true(rtnl_is_own(r, &other));
	sh("ip addr del 10.1.0.2/24 dev lan0");
	assert_false(rtnl_is_own(r, &other));
	assert_true(rtnl_link(r, "lan0")->v4);
	sh("ip addr flush dev lan0");
	assert_false(rtnl_link(r, "lan0")->v4);
	sh("ip addr add 10.1.0.1/24 dev lan0");
}

static void routes_and_neighbours(void **state)
{
	struct addr near4 = a("10.1.0.2"), far4 = a("198.51.100.9"), far6 = a("2001:db8:9::9"), client = a("10.1.0.77"), none = { 0 };
	uint8_t hw[6];

	(void)state;
	assert_int_equal(rtnl_route_oif(r, &near4, NULL, 0), rtnl_link(r, "lan0")->index);
	assert_int_equal(rtnl_route_oif(r, &far6, NULL, 0), rtnl_link(r, "wan0")->index);
	assert_true(rtnl_route_oif(r, &far4, NULL, 0) < 0);
	assert_int_equal(rtnl_route_oif(r, &none, NULL, 0), -EINVAL);
	assert_int_equal(rtnl_neighbour(r, &near4, hw), -ENOENT);
	assert_int_equal(rtnl_neighbour(r, &far4, hw), -ENOENT);
	sh("ip neigh add 10.1.0.2 lladdr 02:00:00:00:00:07 dev lan0; ip route add default via 203.0.113.2; sysctl -qw net.ipv4.ip_forward=1");
	assert_int_equal(rtnl_neighbour(r, &near4, hw), 0);
	assert_memory_equal(hw, "\2\0\0\0\0\7", 6);
	assert_int_equal(rtnl_route_oif(r, &far4, &client, rtnl_link(r, "lan0")->index), rtnl_link(r, "wan0")->index);
}

static void policy_routing_is_seen(void **state)
{
	(void)state;
	assert_int_equal(rtnl_source_rules(r), 0);
	if (system("ip rule add from 10.1.0.0/24 lookup 100 2>/dev/null") != 0) {
		print_message("SKIP policy_routing_is_seen: no policy routing here\n");
		skip();
	}
	assert_int_equal(rtnl_source_rules(r), 1);
	assert_int_equal(system("ip -6 rule add fwmark 1 lookup 100 && ip rule add to 10.9.0.0/16 lookup 100"), 0);
	assert_int_equal(rtnl_source_rules(r), 2);
}

static void other_routes_do_not_wake(void **state)
{
	struct pollfd p = { .fd = rtnl_fd(r), .events = POLLIN };

	(void)state;
	assert_int_equal(system("ip route add 198.18.0.0/15 via 203.0.113.2"), 0);
	assert_int_equal(poll(&p, 1, 500), 1);
	assert_int_equal(rtnl_read(r), 0);
	assert_int_equal(system("ip link set x1 mtu 1400"), 0);
	assert_int_equal(poll(&p, 1, 500), 1);
	assert_int_equal(rtnl_read(r), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lan_auto),
		cmocka_unit_test(bridge_members_are_not_a_lan),
		cmocka_unit_test(own_addresses_come_and_go),
		cmocka_unit_test(routes_and_neighbours),
		cmocka_unit_test(policy_routing_is_seen),
		cmocka_unit_test(other_routes_do_not_wake),
	};
	int failed;

	if (!netns_enter() || !netns_have("ip sysctl") || rtnl_new(&r) < 0) {
		puts("SKIP test_rtnl: needs root, ip and a network namespace\n[  SKIPPED ] 6 test(s).");
		return 0;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rtnl_free(r);
	return failed;
}
