#!/bin/bash
# doctor_examines_the_machine.sh - listeners on queues and ports, routes, bridges and settings that would get in the way are found,
# and nothing where there is nothing: exit 0; beside a daemon its own are no finding, and its log names the gravest as it starts
. "$(dirname "$0")/lib.sh"
topology
ours() {
	rules <<-END
		gateway: {lan: $1}
		rules: [{block: connections, address: 203.0.113.8}]
	END
}
ours lan
gateway "$DEJUNK" doctor -c "$WORK/rules.yaml" --run-dir "$WORK/run" >"$WORK/doctor.log" || fail "findings where there are none: $?"
grep -qx "nothing on this machine gets in the way" "$WORK/doctor.log" || fail "doctor does not say that there is nothing"
gateway "$DEJUNK" doctor -c "$WORK/there-is-none.yaml" 2>/dev/null
[ $? = 2 ] || fail "no rules file is no error"

# ip rules
ip -n "${ID}g" rule add fwmark 0x08000000/0x18000000 lookup 100
doctor
[ $? = 1 ] || fail "a finding does not end with status 1"
told mark_routes | grep -q 0x08000000 || fail "an ip rule with our bit in its mask was not found"
told source_rules | grep -q "1 of them" || fail "the ip rule was not found"
ip -n "${ID}g" rule del fwmark 0x08000000/0x18000000 lookup 100
ip -n "${ID}g" rule add fwmark 0x1/0xff lookup 100
gateway sysctl -qw net.ipv4.conf.lan.rp_filter=1
doctor
[ -z "$(told mark_routes)" ] || fail "an ip rule with other bits was found"
told rp_filter | grep -qx lan || fail "the strict reverse path filter was not found"
ip -n "${ID}g" rule del fwmark 0x1/0xff lookup 100

# listeners
cat >"$WORK/listen.py" <<'END'
# bind a netfilter queue and stay: nfnetlink messages by hand
import socket, struct, sys, time
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.bind((0, 0))
attribute = struct.pack("=HH", 8, 1) + struct.pack(">BxH", 1, 2)	# NFQA_CFG_CMD, NFQNL_CFG_CMD_BIND
s.send(struct.pack("=IHHII", 20 + len(attribute), 3 << 8 | 2, 5, 1, 0) + struct.pack(">BBH", 0, 0, int(sys.argv[1])) + attribute)
if struct.unpack_from("=i", s.recv(4096), 16)[0]:
    sys.exit("refused")
print("bound", flush=True)
time.sleep(600)
END
background other_queue gateway /usr/bin/python3 "$WORK/listen.py" 4711
background our_queue gateway /usr/bin/python3 "$WORK/listen.py" 5381
background port gateway /usr/bin/python3 -m http.server 3129
until_true 30 grep -q bound "$WORK/our_queue.log" && until_true 30 grep -q bound "$WORK/other_queue.log" || fail "no listener"
until_true 30 listens g 3129 || fail "no web server"
doctor
told other_queues | grep -q "queue 4711: python3 (pid" || fail "the listener on another queue is not told: $(told other_queues)"
[ "$(told other_queues | sed -n 1p)" = note ] || fail "a listener on another queue is more than a note"
told queue_taken | grep -q "queue 5381: python3 (pid" || fail "the listener on our queue is not found"
told port_taken | grep -q "port 3129: python3 (pid" || fail "the listener on our port is not found"
kill "${pid_of[our_queue]}" "${pid_of[port]}"
until_true 5 eval '! listens g 3129' || fail "the web server does not end"

# settings and interfaces
gateway sysctl -qw net.ipv4.ip_forward=0
doctor
[ "$(told not_forwarding | sed -n 1p)" = grave ] || fail "it was not found that nothing is forwarded"
gateway sysctl -qw net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_tcp_timeout_established=600 net.netfilter.nf_conntrack_tcp_loose=0
doctor
told conntrack_times | grep -Eqx "600 s for TCP, [1-9][0-9]* s for UDP" || fail "a short timeout of connection tracking was not found"
[ "$(told conntrack_strict | sed -n 1p)" = note ] || fail "nf_conntrack_tcp_loose was not found"

# the table of connections: what the kernel says of it, put over its files in a namespace of the doctor's own
echo 1000 >"$WORK/max"
for count in 899:no 900:yes; do
	echo "${count%:*}" >"$WORK/count"
	gateway sh -c 'cd /proc/sys/net/netfilter && mount --bind "$1" nf_conntrack_max && mount --bind "$2" nf_conntrack_count && shift 2 && exec "$@"' - \
		"$WORK/max" "$WORK/count" "$DEJUNK" doctor --json -c "$WORK/rules.yaml" --run-dir "$WORK/run" >"$WORK/doctor.json" 2>"$WORK/doctor.log"
	case $count:$(told conntrack_full | tr '\n' ' ') in
	899:no: | "900:yes:grave 900 of 1000 and 0 more ") ;;
	*) fail "${count%:*} connections of 1000: $(told conntrack_full)" ;;
	esac
done

# a kernel, or an nft, that does not know what the table uses
cp -r "$REPO/nft" "$WORK/nft"
sed -i 's/^\tchain ask_syn {/&\n\t\tmeta weather sunny accept/' "$WORK/nft/dejunk.nft"
DEJUNK_NFT=$WORK/nft/dejunk.nft doctor
[ "$(told table_refused | sed -n 1p)" = grave ] || fail "a table that nft refuses is no finding: $(cat "$WORK/doctor.json")"
told table_refused | sed -n 2p | grep -q "syntax error" || fail "what nft says is not told: $(told table_refused)"
ours br9
doctor
told no_lan | grep -q "none of those named is there" || fail "it was not found that there is no lan: $(cat "$WORK/doctor.json")"
ip -n "${ID}g" link add br0 type bridge
ip -n "${ID}g" link add p0 type veth peer name p1
ip -n "${ID}g" link set p0 master br0 up
ip -n "${ID}g" addr add 10.9.0.1/24 dev p0
ours "[lan, p0]"
doctor
told bridge_port | grep -q "p0, part of br0" || fail "a lan that is part of a bridge was not found"
[ -z "$(told bridged)" ] || fail "a bridge that is not the way out was found"

# a way out that is a bridge
ours lan
ip -n "${ID}g" link set br0 up
ip -n "${ID}g" link add p2 type veth peer name p3
ip -n "${ID}g" link set p1 up
ip -n "${ID}g" link set p3 up
ip -n "${ID}g" link set p2 master br0 up
ip -n "${ID}g" addr add 10.8.0.1/24 dev br0
ip -n "${ID}g" route replace default via 10.8.0.2 dev br0
doctor
told bridged | grep -qx "br0, 2 ports" || fail "a bridge that is the way out was not found: $(cat "$WORK/doctor.json")"
if gateway sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null; then
	doctor
	[ -z "$(told bridge_netfilter)" ] || fail "br_netfilter was found where it is off"
	gateway sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
	doctor
	told bridge_netfilter | grep -q "bridge-nf-call" || fail "br_netfilter was not found"
	gateway sysctl -qw net.bridge.bridge-nf-call-ip6tables=0
else
	say "no br_netfilter here: its finding is not tested"
fi
ip -n "${ID}g" route del default dev br0
ip -n "${ID}g" link del br0

# who else sees the lan's packets before us
if gateway tc qdisc add dev lan clsact 2>/dev/null &&
	gateway tc filter add dev lan ingress matchall action pass 2>/dev/null; then
	doctor
	told ingress | grep -qx "lan: tc" || fail "a filter of tc was not found: $(cat "$WORK/doctor.json")"
else
	say "no tc here: its finding is not tested"
fi
gateway tc qdisc del dev lan clsact 2>/dev/null

# a router that masquerades IPv4 and routes IPv6
gateway nft -f - <<<"table ip nat { chain post { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }"
doctor
[ "$(told nat6 | sed -n 1p)" = note ] || fail "IPv6 without masquerading was not found: $(cat "$WORK/doctor.json")"
gateway nft -f - <<<"table ip6 nat { chain post { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }"
doctor
[ -z "$(told nat6)" ] || fail "masqueraded IPv6 was found: $(told nat6)"
gateway nft delete table ip nat
gateway nft delete table ip6 nat

# beside the daemon
ours lan
gateway nft -f - <<<"table inet other { chain pre { type filter hook prerouting priority filter; meta mark set meta mark | 0x08000000; ct mark 0x1 accept; }; }"
start_dejunk
grep -q "another table uses a bit of the packet mark that is dejunk's: chain pre of table inet other" "$WORK/dejunk.log" ||
	fail "the start-up log does not name the mark"
grep -q "bits of the connection mark" "$WORK/dejunk.log" && fail "the start-up log names what is not grave"
doctor
[ -z "$(told queue_taken; told port_taken)" ] || fail "the daemon's own queues or port are a finding"
[ "$(told packet_mark | sed -n 1p)" = grave ] || fail "doctor does not find beside the daemon what it finds without it"
stop_dejunk || fail "exit status $?"
say "ok"
