#!/bin/bash
# forward_drop_stays.sh - a client that the FORWARD policy drops does not reach the world through the proxy; its
# neighbour does; the start-up log tells of the policy
. "$(dirname "$0")/lib.sh"
topology
start_www
ip -n "${ID}c" addr add 10.1.0.3/24 dev lan
ip -n "${ID}c" addr add fd01::3/64 dev lan nodad
gateway nft -f - <<'END' || skip "no nftables"
table inet guests {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		meta l4proto { icmp, ipv6-icmp } accept
		ip saddr 10.1.0.3 drop
		ip6 saddr fd01::3 drop
		iifname "lan" tcp dport 80 ip daddr 203.0.113.8 drop
		iifname "lan" oifname "wan" accept
	}
}
END
rules <<'END'
gateway:
  lan: lan
rules:
  - block: requests
    url: "*/ads/*"
END
start_dejunk
for i in 1 2 3; do
	[ "$(client curl -s -m 5 --interface 10.1.0.2 http://203.0.113.2/x)" = "hello from /x" ] || fail "an allowed client is not served"
	[ "$(client curl -sg -m 5 --interface fd01::2 'http://[2001:db8:2::2]/x')" = "hello from /x" ] || fail "an allowed client is not served over IPv6"
	client curl -s -m 2 --interface 10.1.0.3 http://203.0.113.2/secret && fail "a dropped client got out"
	client curl -sg -m 2 --interface fd01::3 'http://[2001:db8:2::2]/secret' && fail "a dropped client got out over IPv6"
	client curl -s -m 2 --interface 10.1.0.2 http://203.0.113.8/secret && fail "a dropped destination was reached"
done
grep -q secret "$WORK/www.log" && fail "the server saw a dropped client's request"
code=$(client curl -s -m 5 --interface 10.1.0.2 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://203.0.113.2/ads/x)
[ "$code" = 403 ] || fail "an ad of an allowed client was answered $code"
grep -i 'forward' "$WORK/dejunk.log" | grep -q guests || fail "the start-up log does not tell of the FORWARD policy"
