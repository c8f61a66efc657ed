#!/bin/bash
# run_respects_the_forward_policy.sh - a client that a FORWARD rule of another table drops does not reach the world through the
# proxy, over both families; other clients do; the start-up log says what may drop; a changed policy counts at once.
. "$(dirname "$0")/lib.sh"
topology
start_www
ip -n "${ID}c" addr add 10.1.0.66/24 dev lan
ip -n "${ID}c" addr add fd01::66/64 dev lan nodad
rules <<END
gateway: {lan: lan}
rules:
  - block: requests
    url: "*/ads/*"
END
gateway nft -f - <<END
table inet fw {
	set banned4 { type ipv4_addr; elements = { 10.1.0.66 }; }
	set banned6 { type ipv6_addr; elements = { fd01::66 }; }
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip saddr @banned4 drop
		ip6 saddr @banned6 reject
		iifname "lan" tcp dport 80 ip daddr 203.0.113.8 drop
	}
}
END
start_dejunk
get() { client curl -s -m 3 --interface "$1" -o /dev/null "$2"; }
get 10.1.0.2 http://203.0.113.2/ || fail "a client that may pass does not"
get fd01::2 'http://[2001:db8:2::2]/' || fail "a client that may pass does not (IPv6)"
grep -q 'chain forward of table inet fw' "$WORK/dejunk.log" || fail "the start-up log does not report the chain"
for i in 1 2; do
	get 10.1.0.66 http://203.0.113.2/ && fail "a client that FORWARD drops reaches the world"
	get fd01::66 'http://[2001:db8:2::2]/' && fail "a client that FORWARD drops reaches the world (IPv6)"
done
grep -q 10.1.0.66 "$WORK/www.log" && fail "the server heard of the dropped client"
gateway nft list set inet dejunk direct_pair4 | grep -q '10.1.0.66 . 203.0.113.2' || fail "the pair is not left to the policy"
get 10.1.0.2 http://203.0.113.2/ || fail "another client suffers"
get 10.1.0.2 http://203.0.113.8/secret && fail "a server that FORWARD drops is reached"
grep -q secret "$WORK/www.log" && fail "the server that FORWARD drops heard of the client"
code=$(client curl -s -m 5 -o /dev/null -w '%{http_code}' --interface 10.1.0.2 http://203.0.113.2/ads/x)
[ "$code" = 403 ] || fail "an ad of an allowed client was answered $code"

# banned while dejunk runs, and let in again
gateway nft add element inet fw banned4 '{ 10.1.0.2 }'
until_true 3 eval '! get 10.1.0.2 http://203.0.113.3/' || fail "a client that was banned a moment ago still passes"
gateway nft delete element inet fw banned4 '{ 10.1.0.2 }'
until_true 3 get 10.1.0.2 http://203.0.113.3/ || fail "a client that is allowed again does not pass"
[ "$(status armed)" = true ] || fail "a FORWARD policy must not disarm"
stop_dejunk || fail "exit status $?"
say "ok"
