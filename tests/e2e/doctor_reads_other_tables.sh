#!/bin/bash
# doctor_reads_other_tables.sh - each rule of another table that would get in the way is found, graded and placed; its harmless twin
# is not
# limits: DOCTOR_PLACES
. "$(dirname "$0")/lib.sh"
topology
rules <<END
gateway: {lan: lan}
rules: [{block: connections, address: 203.0.113.8}]
END
load() {
	gateway nft flush ruleset
	gateway nft -f - <<<"$1" || fail "the rules do not load: $1"
	doctor
	[ $? -lt 2 ] || fail "doctor failed"
}
# finds NAME GRADE TEXT RULES
finds() {
	load "$4"
	[ "$(told "$1" | sed -n 1p)" = "$2" ] || fail "$1 was not found, or is not $2, with $4: $(cat "$WORK/doctor.json")"
	told "$1" | grep -qF "$3" || fail "$1 does not say \"$3\": $(told "$1")"
}
finds_not() {
	load "$2"
	[ -z "$(told "$1")" ] || fail "$1 was found: $(told "$1")"
}
pre="table inet other { chain pre { type filter hook prerouting priority filter;"

finds packet_mark grave "chain pre of table inet other, rule handle" "$pre meta mark set meta mark | 0x08000000; }; }"
finds packet_mark grave "chain pre" "$pre meta mark & 0x18000000 == 0x10000000 accept; }; }"
finds_not packet_mark "$pre meta mark set 0x1; meta mark & 0xf3ffffff == 0x1 accept; }; }"
finds ct_mark minor "chain sub (from pre)" "table inet other { chain sub { ct mark 0x1 accept; }; chain pre { type filter hook prerouting priority filter; jump sub; }; }"
finds ct_mark minor "chain pre" "$pre ct mark set meta mark; }; }"
finds_not ct_mark "$pre ct mark set ct mark & 0xffffff00 | 0x1; ct mark & 0xff == 0x1 accept; }; }"
finds mark_copy minor "chain pre" "$pre meta mark set ct mark; }; }"
finds_not mark_copy "$pre meta mark set ct mark & 0xf07fffff; }; chain dead { meta mark set ct mark; }; }"
finds notrack minor "chain pre" "table inet other { chain pre { type filter hook prerouting priority raw; tcp dport 443 notrack; }; }"
finds redirected_before grave "chain nat" "table ip other { chain nat { type nat hook prerouting priority -110; tcp dport { 80, 8080 } redirect to :3128; }; }"
finds redirected_before grave "chain sub (from nat)" "table ip other { chain sub { dnat to 10.9.9.9; }; chain nat { type nat hook prerouting priority -110; tcp dport 443 jump sub; }; }"
finds_not redirected_before "table ip other { chain sub { dnat to 10.9.9.9; }; chain nat { type nat hook prerouting priority -110; udp dport 53 redirect to :5353; tcp dport 81 jump sub; }; }"
finds_not redirected_before "table ip other { chain nat { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :3128; }; }"
finds priority note "chain pre" "table inet other { chain pre { type filter hook prerouting priority mangle + 5; accept; }; }"
finds input_drops grave "policy drop; to open it: nft insert rule" "table inet other { chain in { type filter hook input priority filter; policy drop; tcp dport 22 accept; }; }"
finds forward_drops minor "policy drop" "table inet other { chain fw { type filter hook forward priority filter; policy drop; iifname \"lan\" accept; }; }"
finds docker note "chain DOCKER" "table ip filter { chain DOCKER { return; }; }"
finds firewalld note "table inet firewalld" "table inet firewalld { chain filter_INPUT { type filter hook input priority filter + 10; accept; }; }"

# only kernels with flow tables: a stock one
offload="table inet other { flowtable f { hook ingress priority 0; devices = { lan, wan }; }; chain fw { type filter hook forward priority filter; flow add @f; }; }"
if gateway nft -c -f - <<<"$offload" 2>/dev/null; then
	finds flow_offload grave "chain fw of table inet other, rule handle" "$offload"
	finds_not flow_offload "${offload/flow add @f;/}"
fi

# ten rules that use our queues are told as eight and two
gateway nft flush ruleset
for i in 1 2 3 4 5 6 7 8 9 10; do
	if gateway nft -c -f - <<<"table inet other { chain c { queue flags bypass to 5380-5382; }; }" 2>/dev/null; then
		gateway nft -f - <<<"table inet other { chain q$i { type filter hook forward priority $i; tcp dport $i queue flags bypass to 5380-5382; }; }"
	elif command -v iptables-nft >/dev/null; then
		gateway iptables-nft -A FORWARD -p tcp --dport $i -j NFQUEUE --queue-balance 5380:5382 || fail "no NFQUEUE"
	else
		say "no way to queue packets here"
		exit 0
	fi
done
doctor
[ "$(told queue_taken | sed -n 1p)" = grave ] || fail "rules with our queues were not found"
told queue_taken | grep -qx "and 2 more" || fail "ten rules are not told as eight and two more: $(told queue_taken)"

# the same things said in xtables' words
command -v iptables-nft >/dev/null || { say "ok, without iptables-nft"; exit 0; }
gateway nft flush ruleset
gateway iptables-nft -t mangle -A PREROUTING -j MARK --set-xmark 0x08000000/0x08000000
gateway iptables-nft -t mangle -A PREROUTING -m mark --mark 0x1 -j CONNMARK --save-mark
gateway iptables-nft -t mangle -A PREROUTING -j CONNMARK --restore-mark
gateway iptables-nft -t raw -A PREROUTING -p udp -j CT --notrack
doctor
for f in packet_mark ct_mark mark_copy notrack; do told $f | grep -q PREROUTING || fail "$f in words of xtables was not found"; done
gateway nft flush ruleset
gateway iptables-nft -t mangle -A PREROUTING -j MARK --set-xmark 0x1/0xff
gateway iptables-nft -t mangle -A PREROUTING -j CONNMARK --save-mark --mask 0xff
gateway iptables-nft -t mangle -A PREROUTING -m connmark --mark 0x1/0xff -j CONNMARK --restore-mark --mask 0xff
doctor
for f in packet_mark ct_mark mark_copy; do [ -z "$(told $f)" ] || fail "$f of other bits, in words of xtables, was found: $(told $f)"; done
say "ok"
