#!/bin/bash
# run_says_that_ipv6_is_not_masqueraded.sh - where the clients' IPv6 is routed as it is, the start-up log says that HTTP servers
# will see the gateway's address; where it is masqueraded nothing changes and nothing is said
. "$(dirname "$0")/lib.sh"
topology
rules <<END
gateway: {lan: lan, workers: 1}
END
says() { grep -q 'IPv6 of the lan is not masqueraded' "$WORK/dejunk.log"; }
start_dejunk
says || fail "nothing is said of IPv6 that is routed as it is"
stop_dejunk || fail "exit status $?"
rm -f "$WORK/armed" "$WORK/dejunk.log"
gateway nft -f - <<END
table inet masq {
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan" masquerade
	}
}
END
start_dejunk
says && fail "it is said of IPv6 that is masqueraded"
stop_dejunk || fail "exit status $?"
say "ok"
