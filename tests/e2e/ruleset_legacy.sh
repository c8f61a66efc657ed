#!/bin/bash
# ruleset_legacy.sh - rules of iptables-legacy cannot be read: with any of them that might drop,
# what would pass is unknown, and what nft drops is dropped; empty tables are no doubt.
. "$(dirname "$0")/lib.sh"
ASK=$REPO/build/root/ruleset_ask
[ -x "$ASK" ] || skip "there is no build/root/ruleset_ask"
IPT=${IPTABLES_LEGACY:-$(command -v iptables-legacy || true)}
[ -n "$IPT" ] || skip "iptables-legacy is not installed"
topology
gateway "$IPT" -L -n >/dev/null 2>&1 || skip "the kernel has no iptables-legacy"
# is WORD - what is said of a forwarded connection
is() {
	local got
	got=$(gateway "$ASK" forward,10.1.0.2,5,203.0.113.2,80,lan,wan | cut -f 1)
	[ "$got" = "$1" ] || fail "$2: $got, wanted $1"
}
is PASSES "an empty table"
gateway "$IPT" -t nat -A POSTROUTING -o wan -j MASQUERADE
gateway "$IPT" -t raw -A PREROUTING -p udp -j NOTRACK
is PASSES "nat and raw"
gateway "$IPT" -P FORWARD DROP
is UNKNOWN "a policy of drop"
gateway "$IPT" -P FORWARD ACCEPT
is PASSES "the policy is back"
gateway "$IPT" -t mangle -A FORWARD -j ACCEPT
is UNKNOWN "a rule"
gateway "$ASK" open report >"$WORK/report.log"
grep -qx "not open" "$WORK/report.log" || fail "called open"
grep -q "iptables-legacy has rules" "$WORK/report.log" || fail "not reported"
gateway nft 'add table inet f; add chain inet f f { type filter hook forward priority 0; policy drop; }'
is DROPPED "dropped by nft"
