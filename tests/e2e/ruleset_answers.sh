#!/bin/bash
# ruleset_answers.sh - what ruleset_* says of other tables is what the kernel does: for each
# firewall below, a forwarded and a redirected connection of both families are foretold, then made.
#
#   client --lan-- gateway: the firewall under test; tcp 81 redirected to :3129 --wan-- server :80
#
# Each case gives four letters: forward IPv4, forward IPv6, redirected IPv4, redirected IPv6.
#   P passes, D dropped: must be foretold so, and must be so
#   p, d: passes, dropped in truth, but it cannot be known and UNKNOWN is the answer
# Where redirected traffic is dropped, the command that the answer names must open the way.
. "$(dirname "$0")/lib.sh"
ASK=$REPO/build/root/ruleset_ask
[ -x "$ASK" ] || skip "there is no build/root/ruleset_ask"
IPT=${IPTABLES_NFT:-$(command -v iptables-nft || true)}
IPT6=${IP6TABLES_NFT:-$(command -v ip6tables-nft || true)}

topology
mac() { cat "/sys/class/net/$1/address"; }
CLIENT_HW=$(client cat /sys/class/net/lan/address)
# neighbours by hand: the firewalls under test may drop ICMPv6
neigh() { ip -n "$ID$1" neigh replace "$3" lladdr "$(ip netns exec "$ID$4" cat "/sys/class/net/$2/address")" dev "$2" nud permanent; }
neigh c lan 10.1.0.1 g; neigh c lan fd01::1 g
neigh g lan 10.1.0.2 c; neigh g lan fd01::2 c
neigh g wan 203.0.113.2 s; neigh g wan 2001:db8:2::2 s
neigh s wan 203.0.113.1 g; neigh s wan 2001:db8:2::1 g

cat >"$WORK/listen.py" <<'END'
import socket, sys
s = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
while True:
    s.accept()[0].close()
END
# four connections at once, 0.7 s each: prints a letter for each
cat >"$WORK/connect.py" <<'END'
import selectors, socket, struct, sys, time
port = int(sys.argv[1])
to = (("203.0.113.2", 80), ("2001:db8:2::2", 80), ("203.0.113.2", 81), ("2001:db8:2::2", 81))
if len(sys.argv) > 2:
    to = to[2:] if sys.argv[2] == "redirected" else to
out = ["D"] * len(to)
sel = selectors.DefaultSelector()
for i, t in enumerate(to):
    s = socket.socket(socket.AF_INET6 if ":" in t[0] else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.bind(("", port + i))
    s.setblocking(False)
    s.connect_ex(t)
    sel.register(s, selectors.EVENT_WRITE, i)
end = time.monotonic() + 0.7
while sel.get_map() and time.monotonic() < end:
    for key, _ in sel.select(end - time.monotonic()):
        if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            out[key.data] = "P"
        sel.unregister(key.fileobj)
        key.fileobj.close()
print("".join(out))
END
background www server /usr/bin/python3 "$WORK/listen.py" 80
background own gateway /usr/bin/python3 "$WORK/listen.py" 3129
until_true 10 listens s 80 || fail "no server"
until_true 10 listens g 3129 || fail "no listener on the gateway"

cases=0 bad=0 port=30000
redirect() {
	gateway nft -f - <<"END" || fail "nft refuses our own table"
table inet dejunk {
	chain to_proxy {
		type nat hook prerouting priority dstnat - 5
		tcp dport 81 redirect to :3129
	}
	chain never_looked_at { type filter hook forward priority 90; tcp dport 9 drop; }
}
END
}

wrong() { echo "WRONG $1: $2"; bad=$((bad + 1)); }

# check NAME LETTERS - the firewall is loaded; ask, connect, compare
check() {
	local name=$1 want=$2 said truth i line letters="" cap
	port=$((port + 8))
	cases=$((cases + 1))
	mapfile -t said < <(gateway "$ASK" \
		"forward,10.1.0.2,$port,203.0.113.2,80,lan,wan,$CLIENT_HW" \
		"forward,fd01::2,$((port + 1)),2001:db8:2::2,80,lan,wan,$CLIENT_HW" \
		"input,10.1.0.2,$((port + 2)),10.1.0.1,3129,lan,203.0.113.2,$CLIENT_HW" \
		"input,fd01::2,$((port + 3)),fd01::1,3129,lan,2001:db8:2::2,$CLIENT_HW" open 2>&1)
	truth=$(client /usr/bin/python3 "$WORK/connect.py" "$port")
	for i in 0 1 2 3; do
		cap=${truth:$i:1}
		case ${said[$i]:-} in
		PASSES*) letters+=P ;;
		DROPPED*) letters+=D ;;
		UNKNOWN*) letters+=${cap,,} ;;
		*) letters+='?' ;;
		esac
	done
	[ "$letters" = "$want" ] || wrong "$name" "wanted $want, foretold $letters: $(printf '%s | ' "${said[@]}")"
	[ "$truth" = "${letters^^}" ] || wrong "$name" "foretold $letters, in truth $truth: $(printf '%s | ' "${said[@]}")"
	# "open" promises that nothing is dropped on the forward hook
	case ${said[4]:-} in
	open) [[ $truth == PP* ]] || wrong "$name" "forward is called open and is $truth" ;;
	esac
	if [ -n "${OPEN:-}" ] && [ "${said[4]}" != "$OPEN" ]; then wrong "$name" "forward is ${said[4]}, wanted $OPEN"; fi
	OPEN=
	# the command named for a dropped redirected connection opens the way
	for i in 2 3; do
		line=$(printf '%s' "${said[$i]}" | cut -f 3)
		[ "${letters:$i:1}" = D ] && [ "${NOCOMMAND:-}" = "" ] || continue
		case $line in
		"nft insert rule "*) gateway sh -c "$line" || wrong "$name" "the command fails: $line" ;;
		"iptables "*) gateway "$IPT" ${line#* } || wrong "$name" "the command fails: $line" ;;
		"ip6tables "*) gateway "$IPT6" ${line#* } || wrong "$name" "the command fails: $line" ;;
		"firewall-cmd "* | "ufw "*) continue ;;	# those programs are not here
		*) wrong "$name" "no command" ;;
		esac
		truth=$(client /usr/bin/python3 "$WORK/connect.py" $((port + 4)) redirected)
		[ "${truth:$((i - 2)):1}" = P ] || wrong "$name" "this command does not open the way: $line"
	done
	NOCOMMAND=
}

fresh() { gateway nft flush ruleset; redirect; }
# nft_case NAME LETTERS <<END: a ruleset for nft
nft_case() {
	fresh
	gateway nft -f - || fail "$1: nft refuses the ruleset"
	check "$@"
}
# ipt_case NAME LETTERS <<END: lines for iptables-nft, those that begin with 6 for ip6tables-nft
ipt_case() {
	local line
	if [ -z "$IPT" ]; then cat >/dev/null; return; fi
	fresh
	while read -r line; do
		[ -n "$line" ] || continue
		case $line in
		6*) gateway "$IPT6" ${line#6} ;;
		*) gateway "$IPT" $line ;;
		esac || fail "$1: iptables-nft refuses $line"
	done
	check "$@"
}
. "${0%.sh}.cases"

fresh
[ "$bad" = 0 ] || fail "$bad of $cases firewalls were misjudged"
[ -n "$IPT" ] || say "without iptables-nft: its cases were left out"
say "$cases firewalls judged as the kernel does"
