#!/bin/bash
# leaves_marks_of_others.sh - a neighbour that uses all bits of packet and connection marks but our five sees them unchanged
# behind our chains, of connections that the daemon was asked about too; and refusing works with whatever bits gateway.mark names
. "$(dirname "$0")/lib.sh"
topology
start_www 443
start_tls 8443
start_dns "address=/blocked.example/203.0.113.3" "address=/wanted.example/203.0.113.3"
# neighbour KEEP - marks everything with KEEP before our chains, counts behind them what has other bits or lacks some
neighbour() {
	gateway nft -f - <<-END
		table inet other
		delete table inet other
		table inet other {
			counter packet_same { }
			counter packet_changed { }
			counter ct_same { }
			counter ct_changed { }
			chain before {
				type filter hook prerouting priority mangle; policy accept;
				iifname "lan" meta mark set $1
				iifname "lan" ct state new ct mark set $1
			}
			chain behind {
				type filter hook forward priority filter; policy accept;
				iifname "lan" meta mark & $1 == $1 counter name packet_same
				iifname "lan" meta mark & $1 != $1 counter name packet_changed
				ct mark & $1 == $1 counter name ct_same
				ct mark & $1 != $1 counter name ct_changed
			}
		}
	END
}
packets() { gateway nft list counter inet other "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
unchanged() {
	local what
	for what in packet ct; do
		[ "$(packets ${what}_same)" -gt 3 ] || fail "$1: the neighbour saw no $what marks"
		[ "$(packets ${what}_changed)" = 0 ] || fail "$1: $what marks of the neighbour were changed"
	done
}
# with_mask MASK - rules whose refused address the daemon is asked about
with_mask() {
	rules <<-END
		gateway: {lan: lan, mark: $1, tls_ports: 8443}
		rules:
		  - {block: connections, host: blocked.example}
		  - {block: connections, address: 203.0.113.8}
	END
}
tls() { client curl -sk -m 10 --resolve "$1:8443:203.0.113.4" "https://$1:8443/"; }
through() {
	reached 203.0.113.2 "$1, an address nobody complained about"
	client getent ahostsv4 blocked.example >/dev/null
	client getent ahostsv4 wanted.example >/dev/null
	reached 203.0.113.3 "$1, a suspect address"
	refused 203.0.113.8 "$1, an address of a rule"
	[ "$(tls wanted.example)" = "hello over tls" ] || fail "$1: a wanted name over TLS is not served"
	[ "$(tls blocked.example)" = "" ] || fail "$1: a blocked name over TLS is served"
	unchanged "$1"
}
with_mask 0x0f800000
neighbour 0xf07fffff
start_dejunk
through "the default mask"
gateway nft list table inet dejunk | grep -q 'mark.*0x08000000' || fail "the table does not use the default bit"

with_mask 0x00a00015
neighbour 0xff5fffea
gateway "$DEJUNK" reload --run-dir "$WORK/run" || fail "the reload failed"
through "a mask of scattered bits"
gateway nft list table inet dejunk | grep -q 'mark.*0x08000000' && fail "the table still uses the default bit"
gateway nft list table inet dejunk | grep -q 'mark.*0x00800000' || fail "the table does not use the highest bit of the mask"
stop_dejunk || fail "exit status $?"
