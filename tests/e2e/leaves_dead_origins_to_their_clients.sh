#!/bin/bash
# leaves_dead_origins_to_their_clients.sh - an origin that cannot be dialled is answered once with 502; then its clients are left
# to it for a minute: they see its own refusal, and a dual-stack client goes on to the other family, as without dejunk
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/dual.example/203.0.113.2 address=/dual.example/2001:db8:2::66
rules <<END
gateway: {lan: lan, workers: 1}
END
start_dejunk
ip -n "${ID}s" addr add 2001:db8:2::66/64 dev wan nodad
server nft -f - <<END || skip "no nft on the server's side"
table ip6 closed {
	chain in {
		type filter hook input priority 0; ip6 daddr 2001:db8:2::66 tcp dport 80 reject with tcp reset
	}
}
END
code() { client curl -s "$@" -m 5 -o /dev/null -w '%{http_code}' http://dual.example/x; }
[ "$(code -6)" = 502 ] || fail "an origin that refuses was answered $(code -6), not 502"
direct() { gateway nft list set inet dejunk direct6 | grep -q '2001:db8:2::66 . 80'; }
until_true 10 direct || fail "it is not left to its clients"
client curl -s -6 -m 5 -o /dev/null http://dual.example/x
[ $? = 7 ] || fail "the client does not see the origin's own refusal"
[ "$(code)" = 200 ] || fail "a dual-stack client did not go on to IPv4"
[ "$(code -4)" = 200 ] || fail "the other address is not reached"
[ "$(status dial_failures)" -ge 1 ] || fail "not counted"
stop_dejunk || fail "exit status $?"
say "ok"
