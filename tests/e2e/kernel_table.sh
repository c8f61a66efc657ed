#!/bin/bash
# kernel_table.sh - each chain of nft/dejunk.nft does what it says, on the real kernel, both families, without the daemon
#
# The test plays the daemon: it arms the lease, fills sets, and puts a rule into ask_syn that sets
# mark_refuse, as the queue process does with what it refuses.
. "$(dirname "$0")/lib.sh"
topology
[ -x "$DEJUNK" ] || skip "there is no $DEJUNK"

hw=$(ip -n "${ID}c" -br link show lan | awk '{ print $3 }')
server /usr/bin/python3 - >"$WORK/server.log" 2>&1 <<'END' &
import selectors, socket
sel = selectors.DefaultSelector()
for port in (80, 443, 8080):
    s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    sel.register(s, selectors.EVENT_READ)
for family, host in (socket.AF_INET, "203.0.113.2"), (socket.AF_INET6, "2001:db8:2::2"):
    for port in (53, 443, 4433):
        u = socket.socket(family, socket.SOCK_DGRAM)
        u.bind((host, port))
        sel.register(u, selectors.EVENT_READ, "udp")
while True:
    for key, _ in sel.select():
        if key.data == "udp":
            data, peer = key.fileobj.recvfrom(2000)
            key.fileobj.sendto(b"server", peer)
        else:
            c, _ = key.fileobj.accept()
            c.sendall(b"server")
            c.close()
END
pids+=($!)
# the proxy of the test, and something of the gateway's own on port 80 of the lan
gateway /usr/bin/python3 - >"$WORK/proxy.log" 2>&1 <<'END' &
import selectors, socket
sel = selectors.DefaultSelector()
s = socket.create_server(("::", 3129), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
sel.register(s, selectors.EVENT_READ, b"proxy")
s = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
sel.register(s, selectors.EVENT_READ, b"gateway")
while True:
    for key, _ in sel.select():
        c, _ = key.fileobj.accept()
        c.sendall(key.data)
        c.close()
END
pids+=($!)
until_true 10 listens s 8080 || fail "no server"
until_true 10 listens g 3129 || fail "no proxy"

# try WHERE PROTO ADDRESS PORT - prints who answered (server, proxy, gateway), or refused, or silence
try() {
	"$1" /usr/bin/python3 - "$2" "$3" "$4" <<'END'
import socket, sys
proto, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
s.settimeout(0.7)
try:
    s.connect((host, port))
    if proto == "udp":
        s.send(b"?")
    print(s.recv(100).decode() or "closed")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silence")
except OSError as e:
    print(e)
END
}
expect() {
	local want=$1 got
	shift
	got=$(try "$@")
	[ "$got" = "$want" ] || fail "$what: $* answered \"$got\", not \"$want\""
}
both() {	# WANT PROTO PORT - from the client, over IPv4 and IPv6
	expect "$1" client "$2" 203.0.113.2 "$3"
	expect "$1" client "$2" 2001:db8:2::2 "$3"
}
N() { gateway nft "$@" || fail "nft $*"; }
add() {	# the server of a refused pair is a suspect, too
	local server=${2##* . }
	N add element inet dejunk "$1" "{ $2 }"
	case $1 in refused_[hi]*) N add element inet dejunk "suspect${1: -1}" "{ $server }" ;; esac
}
del() { N delete element inet dejunk "$1" "{ $2 }"; }
flush() {
	local s
	for s in "$@"; do
		N flush set inet dejunk "$s"
		case $s in refused_[hi]*) N flush set inet dejunk "suspect${s: -1}" ;; esac
	done
}
counter() { gateway nft list counter inet dejunk "$1" | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
arm() { add lease 'ipv4 . "lan" timeout 1h, ipv6 . "lan" timeout 1h'; }
load() {	# lines of the gateway section
	printf 'gateway:\n  lan: lan\n%s\n' "$1" >"$WORK/rules.yaml"
	gateway "$DEJUNK" firewall load -c "$WORK/rules.yaml" || fail "the table does not load ($1)"
	index=$(cat_index)
	add lan 'ipv4 . "lan", ipv6 . "lan"' 2>/dev/null
	add lan_index "$index"
}
cat_index() { ip -n "${ID}g" -o link show lan | sed 's/:.*//'; }

# --- inert until armed ------------------------------------------------------------------------
what="not armed"
load ""
add refused_hw4 "$hw . 203.0.113.2 timeout 1h"
add refused_hw6 "$hw . 2001:db8:2::2 timeout 1h"
both server tcp 80
both server tcp 443
both server udp 4433
expect silence client tcp 10.1.0.1 3129		# the proxy's port is closed all the same
expect gateway client tcp 10.1.0.1 80

# --- refused pairs, reset ------------------------------------------------------------------------
what="refused pair by link-layer address"
arm
both refused tcp 80
both refused tcp 443
both refused udp 4433
expect server client tcp 203.0.113.3 443
expect proxy client tcp 203.0.113.3 80
[ "$(counter refused_tcp)" -ge 4 ] || fail "refused_tcp counted $(counter refused_tcp)"
[ "$(counter refused_udp)" -ge 2 ] || fail "refused_udp counted $(counter refused_udp)"
flush refused_hw4 refused_hw6
both server tcp 443

what="refused pair by IP address"
add refused_ip4 "10.1.0.2 . 203.0.113.2 timeout 1h"
add refused_ip6 "fd01::2 . 2001:db8:2::2 timeout 1h"
both refused tcp 443
both refused udp 4433
flush refused_ip4 refused_ip6
what="another client's pair"
add refused_ip4 "10.1.0.3 . 203.0.113.2 timeout 1h"
add refused_hw4 "02:00:00:00:00:99 . 203.0.113.2 timeout 1h"
expect server client tcp 203.0.113.2 443
flush refused_ip4 refused_hw4

what="exempt and paused"
add refused_hw4 "$hw . 203.0.113.2 timeout 1h"
for set in "exempt4 10.1.0.0/24" "paused4 10.1.0.2 timeout 1h" "exempt_hw $hw" "paused_hw $hw timeout 1h"; do
	add "${set%% *}" "${set#* }"
	expect server client tcp 203.0.113.2 443
	expect server client tcp 203.0.113.2 80
	flush "${set%% *}"
	expect refused client tcp 203.0.113.2 443
done
add paused4 "10.1.0.2 timeout 1s"
expect server client tcp 203.0.113.2 443
sleep 1.2
expect refused client tcp 203.0.113.2 443
flush refused_hw4
add refused_hw6 "$hw . 2001:db8:2::2 timeout 1h"
for set in "exempt6 fd01::/64" "paused6 fd01::2 timeout 1h"; do
	add "${set%% *}" "${set#* }"
	expect server client tcp 2001:db8:2::2 443
	flush "${set%% *}"
	expect refused client tcp 2001:db8:2::2 443
done
flush refused_hw6

what="the gateway's own addresses and the lan"
for address in 10.1.0.1 203.0.113.1; do
	add refused_hw4 "$hw . $address timeout 1h"
	add suspect4 "$address timeout 1h"
	expect gateway client tcp "$address" 80
done
for address in fd01::1 2001:db8:2::1; do
	add refused_hw6 "$hw . $address timeout 1h"
	expect gateway client tcp "$address" 80
done
flush refused_hw4 refused_hw6 suspect4
# 203.0.113.7 routed back into the lan
ip -n "${ID}c" addr add 203.0.113.7/32 dev lan
ip -n "${ID}g" route add 203.0.113.7 dev lan
ip -n "${ID}c" route del 203.0.113.7 table local 2>/dev/null
add refused_ip4 "10.1.0.2 . 203.0.113.7 timeout 1h"
before=$(counter refused_tcp) redirected=$(counter redirected)
try client tcp 203.0.113.7 443 >/dev/null
try client tcp 203.0.113.7 80 >/dev/null
[ "$(counter refused_tcp)" = "$before" ] || fail "$what: refused what is routed back into the lan"
[ "$(counter redirected)" = "$redirected" ] || fail "$what: redirected what is routed back into the lan"
ip -n "${ID}g" route del 203.0.113.7 dev lan
ip -n "${ID}c" addr del 203.0.113.7/32 dev lan
flush refused_ip4

# --- suspects and the mark --------------------------------------------------------------------------
what="suspect, nobody asked"
add suspect4 "203.0.113.2 timeout 1h"
add suspect6 "2001:db8:2::2 timeout 1h"
both server tcp 443
what="suspect, refused by the queue"
N add rule inet dejunk ask_syn 'counter meta mark set meta mark or 0x08000000'
both refused tcp 443
both refused tcp 80
both refused udp 4433
expect server client tcp 203.0.113.3 443
flush suspect4 suspect6
both server tcp 443
add suspect_net4 203.0.113.0/30
add suspect_net6 2001:db8:2::/126
both refused tcp 443
expect server client tcp 203.0.113.5 443
add exempt4 10.1.0.2
expect server client tcp 203.0.113.2 443
flush exempt4 suspect_net4 suspect_net6
what="somebody else's mark"
N 'add table inet other; add chain inet other c { type filter hook prerouting priority raw; }; add rule inet other c meta mark set 0xffffffff'
both server tcp 443
N flush chain inet dejunk ask_syn
add suspect4 "203.0.113.2 timeout 1h"
add suspect6 "2001:db8:2::2 timeout 1h"
both server tcp 443
N add rule inet other c 'meta mark set 0x1'
N add chain inet other d '{ type filter hook forward priority 0; }'
N add rule inet other d 'meta mark and 0x1 == 0x1 counter'
both server tcp 443
gateway nft list chain inet other d | grep -q 'packets 0 ' && fail "the mark of others was lost"
N delete table inet other
flush suspect4 suspect6

# --- redirect ------------------------------------------------------------------------------------------
what="redirect"
redirected=$(counter redirected)
both proxy tcp 80
both server tcp 8080
[ "$(counter redirected)" = $((redirected + 2)) ] || fail "counted $(counter redirected) redirected, $redirected before"
add direct4 "203.0.113.2 . 80 timeout 1h"
add direct6 "2001:db8:2::2 . 80 timeout 1h"
both server tcp 80
flush direct4 direct6
add direct_pair4 "10.1.0.2 . 203.0.113.2 timeout 1h"
add direct_pair6 "fd01::2 . 2001:db8:2::2 timeout 1h"
both server tcp 80
flush direct_pair4 direct_pair6
what="the proxy's port"
expect silence client tcp 10.1.0.1 3129
expect silence client tcp fd01::1 3129
expect silence client tcp 203.0.113.1 3129
expect silence server tcp 203.0.113.1 3129
expect proxy gateway tcp 127.0.0.1 3129
[ "$(counter guarded)" -gt 0 ] || fail "nothing counted"
what="answers to a masqueraded client whose source port is the proxy's"
N 'add table inet masq; add chain inet masq c { type nat hook postrouting priority srcnat; }; add rule inet masq c oifname "wan" masquerade'
for address in 203.0.113.2 2001:db8:2::2; do
	client /usr/bin/python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 8080), 3, ("", 3129))
sys.exit(b"".join(iter(lambda: s.recv(100), b"")) != b"server")	# to the end: who closes first keeps the port
' $address || fail "$what: $address is not reached"
done
N delete table inet masq
what="one family alone"
del lease 'ipv6 . "lan"'
expect proxy client tcp 203.0.113.2 80
expect server client tcp 2001:db8:2::2 80
add lease 'ipv6 . "lan" timeout 1h'
what="an interface with a link-local address only"
ip -n "${ID}g" addr del fd01::1/64 dev lan
ip -n "${ID}g" -6 route add fd01::2 dev lan
ll=$(ip -n "${ID}g" -6 -br addr show dev lan scope link | grep -o 'fe80[^/]*')
ip -n "${ID}c" -6 route replace default via "$ll" dev lan
expect proxy client tcp 2001:db8:2::2 80
ip -n "${ID}g" addr add fd01::1/64 dev lan nodad
ip -n "${ID}c" -6 route replace default via fd01::1
what="the lease lapses"
flush lease
add lease 'ipv4 . "lan" timeout 5s'
expect proxy client tcp 203.0.113.2 80
sleep 5.2
expect server client tcp 203.0.113.2 80
arm

# --- DNS ---------------------------------------------------------------------------------------------
what="DNS"
gateway /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 53))
while True:
    d, p = s.recvfrom(2000)
    s.sendto(b"gateway", p)' &
pids+=($!)
until_true 5 listens_udp g 53
asked() { gateway nft list chain inet dejunk ask_dns | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
N add rule inet dejunk ask_dns counter
both server udp 53			# a query and an answer each
[ "$(asked)" = 4 ] || fail "forwarded: $(asked) packets, not 4"
expect gateway client udp 10.1.0.1 53
expect gateway client udp fd01::1 53
[ "$(asked)" = 8 ] || fail "to the gateway: $(asked) packets, not 8"
expect server gateway udp 203.0.113.2 53	# its own: only with filter_self
[ "$(asked)" = 8 ] || fail "own queries asked although filter_self is off"
add exempt4 10.1.0.2
expect server client udp 203.0.113.2 53
[ "$(asked)" = 8 ] || fail "an exempt client was asked about"
flush exempt4
what="DNS rate"
client /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(1500):
    s.sendto(b"?", ("203.0.113.2", 53))'
[ "$(counter dns_over_rate)" -gt 300 ] || fail "of 1500 at once $(counter dns_over_rate) were over the rate"

# --- own traffic ---------------------------------------------------------------------------------------
what="own traffic, filter_self off"
expect server gateway tcp 203.0.113.2 80
add refused_self4 "203.0.113.2 timeout 1h"
add refused_self6 "2001:db8:2::2 timeout 1h"
expect server gateway tcp 203.0.113.2 443
what="own traffic"
add lease_self 'ipv4 timeout 1h, ipv6 timeout 1h'
for address in 203.0.113.2 2001:db8:2::2; do
	expect refused gateway tcp $address 443
	expect refused gateway tcp $address 80
	[ "$(try gateway udp $address 4433)" != server ] || fail "$what: UDP to $address"
done
flush refused_self4 refused_self6
expect proxy gateway tcp 203.0.113.2 80
expect proxy gateway tcp 2001:db8:2::2 80
expect server gateway tcp 203.0.113.2 443
expect gateway gateway tcp 127.0.0.1 80
expect gateway gateway tcp 10.1.0.1 80
expect gateway gateway tcp ::1 80
asked=$(asked)
expect server gateway udp 203.0.113.2 53
[ "$(asked)" = $((asked + 2)) ] || fail "own DNS: $(asked) packets, $asked before"
add suspect4 "203.0.113.2 timeout 1h"
N add rule inet dejunk ask_syn 'meta mark set meta mark or 0x08000000'
expect refused gateway tcp 203.0.113.2 443
what="dejunk's own user"
self() { ip netns exec "${ID}g" setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"; }
uid=$("$DEJUNK" firewall show -c "$WORK/rules.yaml" | sed -n 's/.*uid=\([0-9]*\) .*/\1/p')
expect server self tcp 203.0.113.2 443
expect server self tcp 203.0.113.2 80
expect server self tcp 2001:db8:2::2 80

# --- refuse_with: drop -------------------------------------------------------------------------------------
what="refuse_with: drop"
load "  refuse_with: drop"
arm
add refused_hw4 "$hw . 203.0.113.2 timeout 1h"
add refused_hw6 "$hw . 2001:db8:2::2 timeout 1h"
both silence tcp 443
both silence udp 4433
both silence tcp 80
expect server client tcp 203.0.113.3 443
add exempt4 10.1.0.2
expect server client tcp 203.0.113.2 443
add refused_hw4 "$hw . 10.1.0.1 timeout 1h"
flush exempt4
expect gateway client tcp 10.1.0.1 80

# --- on_failure: block --------------------------------------------------------------------------------------
what="on_failure: block, not leased"
load "  on_failure: block"
both silence tcp 80
both silence tcp 443
both silence udp 443
both server udp 4433
both server udp 53
client ping -c 1 -W 1 203.0.113.2 >/dev/null || fail "$what: no ping"
both server tcp 8080
expect gateway client tcp 10.1.0.1 80
expect server gateway tcp 203.0.113.2 443
add exempt4 10.1.0.2
expect server client tcp 203.0.113.2 443
flush exempt4
what="on_failure: block, leased"
arm
both proxy tcp 80
both server tcp 443
both server udp 443
what="on_failure: block, lan not known yet"
printf 'gateway:\n  lan: auto\n  on_failure: block\n' >"$WORK/rules.yaml"
gateway "$DEJUNK" firewall load -c "$WORK/rules.yaml" || fail "the table does not load"
both silence tcp 443
expect gateway client tcp 10.1.0.1 80

# --- gone -------------------------------------------------------------------------------------------------
what="unloaded"
gateway "$DEJUNK" firewall unload || fail "unload"
[ -z "$(gateway nft list ruleset)" ] || fail "something is left: $(gateway nft list ruleset)"
both server tcp 443
say "all chains do what they say"
