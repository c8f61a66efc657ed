#!/bin/bash
# coexists.sh - a firewalld-like table (INPUT drops) and a docker-like one (FORWARD drops) stay as they are, byte for
# byte, through run, traffic, reload, a table of ours that comes back, and end; filtering works beside them
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns "address=/blocked.example/203.0.113.3"
cat >"$WORK/others.nft" <<'END'
table inet firewalld {
	set trusted { type ipv4_addr; flags interval; elements = { 10.9.0.0/16 } }
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy drop;
		ct state { established, related } accept
		ct status dnat accept
		iifname "lo" accept
		ip saddr @trusted accept
		meta l4proto { icmp, ipv6-icmp } accept
		reject with icmpx admin-prohibited
	}
	chain filter_FORWARD {
		type filter hook forward priority filter + 10; policy drop;
		ct state { established, related } accept
		ct status dnat accept
		iifname "lan" accept
		meta l4proto ipv6-icmp accept
		reject with icmpx admin-prohibited
	}
}
table ip nat {
	chain DOCKER { iifname "docker0" return; tcp dport 8088 iifname != "docker0" dnat to 172.17.0.2:80; }
	chain PREROUTING { type nat hook prerouting priority dstnat; policy accept; fib daddr type local jump DOCKER; }
	chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }
}
table ip filter {
	chain DOCKER-USER { return; }
	chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER; oifname "docker0" ct state related,established accept; iifname "docker0" accept; iifname "lan" accept; oifname "lan" ct state related,established accept; }
}
END
gateway nft -f "$WORK/others.nft" || skip "this kernel cannot load the other tables"
others() { local t; for t in "inet firewalld" "ip nat" "ip filter"; do gateway nft -s list table $t; done; gateway nft list tables | grep -v ' dejunk$'; }
others >"$WORK/before"
rules <<'END'
gateway:
  lan: lan
rules:
  - block: connections
    host: blocked.example
  - block: requests
    url: "*/ads/*"
END
start_dejunk
same() { others | diff "$WORK/before" - || fail "another table changed: $1"; }
same run
code=$(client curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://203.0.113.2/ads/x)
[ "$code" = 403 ] || fail "an ad was answered $code beside the other tables"
[ "$(client curl -s -m 5 http://203.0.113.2/x)" = "hello from /x" ] || fail "a page was not answered"
client curl -s4 -m 5 -o /dev/null http://blocked.example:8080/
[ $? = 7 ] || fail "a blocked host was not refused"
same traffic
gateway "$DEJUNK" reload --run-dir "$WORK/run" || fail "the reload failed"
same reload

gateway nft delete table inet dejunk	# what comes back, and when: run_puts_its_table_back.sh
until_true 10 gateway nft list table inet dejunk || fail "the table is not back"
same "table put back"
stop_dejunk || fail "SIGTERM ended it with $?"
same end
gateway nft list tables | grep -q dejunk && fail "the table is still there"
exit 0
