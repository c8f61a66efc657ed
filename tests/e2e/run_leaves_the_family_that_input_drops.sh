#!/bin/bash
# run_leaves_the_family_that_input_drops.sh - an INPUT policy that drops one family: the other is filtered, this one flows
# directly; when the policy opens or closes, the family is armed or disarmed at once
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<END
gateway: {lan: lan, workers: 1}
rules:
  - block: requests
    url: "*/ads/*"
END
gateway nft -f - <<END
table ip6 fw {
	chain incoming {
		type filter hook input priority 0; policy drop;
		ct state established,related accept
		meta l4proto icmpv6 accept
	}
}
END
start_dejunk
ad() { client curl -sg -m 3 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "http://$1/ads/x"; }
expect() { [ "$(ad "$1")" = "$2" ] || fail "$3: $1 answered $(ad "$1"), not $2"; }
leased6() { gateway nft list set inet dejunk lease | grep -q ipv6; }
# soon COMMAND... - true within 600 ms: well before the next renewal of the lease would be due
soon() {
	local end=$(($(date +%s%N) + 600000000))
	until "$@"; do [ "$(date +%s%N)" -lt $end ] || return 1; done
}
expect 203.0.113.2 403 "IPv6 dropped"
expect '[2001:db8:2::2]' 200 "IPv6 dropped"
for i in 1 2 3; do
	gateway nft add rule ip6 fw incoming tcp dport 3129 accept
	soon leased6 || fail "opened ($i): IPv6 is not armed at once"
	expect '[2001:db8:2::2]' 403 "opened"
	gateway nft -f - <<END
flush chain ip6 fw incoming
add rule ip6 fw incoming ct state established,related accept
add rule ip6 fw incoming meta l4proto icmpv6 accept
END
	soon eval '! leased6' || fail "closed ($i): IPv6 is still armed"
	expect '[2001:db8:2::2]' 200 "closed"
	expect 203.0.113.2 403 "closed"
done
stop_dejunk || fail "exit status $?"
say "ok"
