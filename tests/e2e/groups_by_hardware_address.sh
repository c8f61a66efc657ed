#!/bin/bash
# groups_by_hardware_address.sh - a group that names a link-layer address covers that client on every layer, whatever its IP address:
# hosts it resolved (over IPv4, for both families), addresses, requests, cookies; its neighbour on the same wire is not touched
#
#   client (kid, group)  10.1.0.2, fd01::2   --lan--+
#   other  (not in it)   10.1.0.3, fd01::3   --lan2-+-- br0, gateway -- server
. "$(dirname "$0")/lib.sh"
topology
start_www
background www443 server /usr/bin/python3 "$REPO/tests/e2e/www.py" 443
until_true 10 listens s 443 || fail "the web server does not start"
start_dns "address=/blocked.example/203.0.113.3" "address=/blocked.example/2001:db8:2::3"
# a second client: both are ports of a bridge that has the gateway's addresses
ip netns add "${ID}x" || fail "no network namespace"
ip -n "${ID}x" link set lo up
ip link add lan netns "${ID}x" type veth peer name lan2 netns "${ID}g"
ip -n "${ID}g" link add br0 type bridge
for i in lan lan2; do ip -n "${ID}g" link set $i master br0 up; done
ip -n "${ID}g" addr flush dev lan
ip -n "${ID}g" addr add 10.1.0.1/24 dev br0
ip -n "${ID}g" addr add fd01::1/64 dev br0 nodad
ip -n "${ID}g" link set br0 up
ip -n "${ID}x" link set lan up
ip -n "${ID}x" addr add 10.1.0.3/24 dev lan
ip -n "${ID}x" addr add fd01::3/64 dev lan nodad
ip -n "${ID}x" route add default via 10.1.0.1
ip -n "${ID}x" -6 route add default via fd01::1
ip -n "${ID}c" neigh flush all
mkdir -p "/etc/netns/${ID}x"
cp "/etc/netns/${ID}c/resolv.conf" "/etc/netns/${ID}x/resolv.conf"
other() { ip netns exec "${ID}x" "$@"; }
until_true 10 client ping -c 1 -W 1 203.0.113.2 && until_true 10 other ping -c 1 -W 1 2001:db8:2::2 || fail "the bridge does not route"

rules <<END
gateway: {lan: br0}
groups:
  kids: ["$(client cat /sys/class/net/lan/address)"]
rules:
  - {block: connections, host: blocked.example, group: kids}
  - {block: connections, address: [203.0.113.8, "2001:db8:2::8"], group: kids}
  - {block: requests, url: "*/ads/*", group: kids}
END
gateway "$DEJUNK" check "$WORK/rules.yaml" >"$WORK/check.log" 2>&1 || fail "check: $(cat "$WORK/check.log")"
grep -q ", 0 warnings" "$WORK/check.log" || fail "check warns of hardware addresses"
start_dejunk
grep -q "link-layer addresses of clients cannot" "$WORK/dejunk.log" && fail "the proxy cannot ask for neighbours"
cat >"$WORK/hello.py" <<'END'
# a ClientHello for a name to an address: prints "reset", or "answered" by whatever listens there
import socket, ssl, sys
context, out = ssl.create_default_context(), ssl.MemoryBIO()
tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=sys.argv[1])
try:
    tls.do_handshake()
except ssl.SSLWantReadError:
    pass
s = socket.create_connection((sys.argv[2], 443), 10)
try:
    s.sendall(out.read() + b"\r\n\r\n")
    s.recv(1000)
    print("answered")
except ConnectionResetError:
    print("reset")
END
ends_with() { local is=$1; shift; "$@"; [ $? = "$is" ]; }
code() { "$1" curl -gs -m 10 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "$2"; }
for who in client other; do
	$who getent ahostsv4 blocked.example >/dev/null || fail "$who cannot resolve"
	$who getent ahostsv6 blocked.example >/dev/null || fail "$who cannot resolve"
	for server in 203.0.113 2001:db8:2:; do
		host() { case $server in *:*) echo "[$server:$1]" ;; *) echo "$server.$1" ;; esac; }
		refused=7 ads=403
		[ $who = client ] || refused=0 ads=200
		for last in 3 8; do
			# a loaded machine may learn an answer only after it was released
			until_true 10 ends_with $refused $who curl -gs -m 10 -o /dev/null "http://$(host $last):443/x" ||
				fail "$who, $(host $last):443: not as its group says"
		done
		[ "$(code $who "http://$(host 2)/ads/x")" = $ads ] || fail "$who, $(host 2): a request was not treated as its group says"
		said=$($who /usr/bin/python3 "$WORK/hello.py" named.blocked.example "$(host 4 | tr -d "[]")")
		[ "${said/answered/0}" = "${refused/7/reset}" ] || fail "$who, $(host 4): a server name was not treated as its group says: $said"
		[ "$(code $who "http://$(host 2)/x")" = 200 ] || fail "$who, $(host 2): another request is not answered"
	done
done

# the IP address changes hands; the group follows the hardware address
ip -n "${ID}c" addr del 10.1.0.2/24 dev lan
ip -n "${ID}c" addr add 10.1.0.66/24 dev lan
ip -n "${ID}c" route replace default via 10.1.0.1
ip -n "${ID}x" addr add 10.1.0.2/24 dev lan
ip -n "${ID}g" neigh flush dev br0
[ "$(code client http://203.0.113.2/ads/x)" = 403 ] || fail "with another IP address the client left its group"
[ "$(other curl -s -m 10 --interface 10.1.0.2 -o /dev/null -w '%{http_code}' http://203.0.113.2/ads/x)" = 200 ] ||
	fail "whoever took its IP address is in its group"
# a reload to rules that name the other one: connections that are open are asked about anew
sed -i "s/kids: .*/kids: [\"$(other cat /sys/class/net/lan/address)\"]/" "$WORK/rules.yaml"
gateway "$DEJUNK" reload --run-dir "$WORK/run" || fail "the reload failed"
[ "$(code other http://203.0.113.2/ads/x)" = 403 ] || fail "after a reload the other is not in the group"
[ "$(code client http://203.0.113.2/ads/x)" = 200 ] || fail "after a reload the first is still in the group"
stop_dejunk || fail "exit status $?"
say "ok"
