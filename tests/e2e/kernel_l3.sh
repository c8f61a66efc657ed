#!/bin/bash
# kernel_l3.sh - a client behind an interface without link-layer addresses (tun, as of ppp and wg) is filtered by its IP address
#
# The table's rules by link-layer address must neither match there nor break anything.
. "$(dirname "$0")/lib.sh"
[ -x "$DEJUNK" ] || skip "there is no $DEJUNK"
[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
topology
# a wire between two tun interfaces, l3 in the client and l3 in the gateway
/usr/bin/python3 - "$ID" >"$WORK/wire.log" 2>&1 <<'END' &
import ctypes, fcntl, os, select, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def tun(ns):
    with open("/run/netns/" + ns) as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"l3", 0x1001))	# TUNSETIFF, IFF_TUN | IFF_NO_PI
    return fd
a, b = tun(sys.argv[1] + "c"), tun(sys.argv[1] + "g")
while True:
    for fd in select.select([a, b], [], [])[0]:
        try:
            os.write(b if fd == a else a, os.read(fd, 65536))
        except OSError:
            pass
END
pids+=($!)
until_true 5 ip -n "${ID}g" link show l3 || fail "no tun interface"
ip -n "${ID}c" addr add 10.3.0.2/24 dev l3
ip -n "${ID}g" addr add 10.3.0.1/24 dev l3
ip -n "${ID}c" addr add fd03::2/64 dev l3 nodad
ip -n "${ID}g" addr add fd03::1/64 dev l3 nodad
ip -n "${ID}c" link set l3 up
ip -n "${ID}g" link set l3 up
ip -n "${ID}c" route replace default via 10.3.0.1
ip -n "${ID}c" -6 route replace default via fd03::1
ip -n "${ID}s" route add 10.3.0.0/24 via 203.0.113.1
ip -n "${ID}s" -6 route add fd03::/64 via 2001:db8:2::1
answer() {	# WHERE PORT WORD - a server that says WORD
	ip netns exec "$ID$1" /usr/bin/python3 -c '
import socket, sys
s = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    c, _ = s.accept()
    c.sendall(sys.argv[2].encode())
    c.close()' "$2" "$3" &
	pids+=($!)
	until_true 5 listens "$1" "$2" || fail "no $3"
}
answer s 80 server
answer s 443 server
answer g 3129 proxy
expect() {	# WANT ADDRESS PORT
	local got
	got=$(client /usr/bin/python3 -c '
import socket, sys
try:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
    print(s.recv(100).decode())
except ConnectionRefusedError:
    print("refused")
except OSError as e:
    print(e)' "$2" "$3")
	[ "$got" = "$1" ] || fail "$what: $2 port $3 answered \"$got\", not \"$1\""
}
N() { gateway nft "$@" || fail "nft $*"; }

what="before"
expect server 203.0.113.2 80
expect server 2001:db8:2::2 80
printf 'gateway:\n  lan: l3\n' >"$WORK/rules.yaml"
gateway "$DEJUNK" firewall load -c "$WORK/rules.yaml" || fail "the table does not load"
N add element inet dejunk lease '{ ipv4 . "l3" timeout 1h, ipv6 . "l3" timeout 1h }'
what="redirect"
expect proxy 203.0.113.2 80
expect proxy 2001:db8:2::2 80
expect server 203.0.113.2 443
what="refused pair"
N add element inet dejunk refused_ip4 '{ 10.3.0.2 . 203.0.113.2 timeout 1h }'
N add element inet dejunk refused_ip6 '{ fd03::2 . 2001:db8:2::2 timeout 1h }'
N add element inet dejunk suspect4 '{ 203.0.113.2 timeout 1h }'
N add element inet dejunk suspect6 '{ 2001:db8:2::2 timeout 1h }'
for port in 80 443; do
	expect refused 203.0.113.2 $port
	expect refused 2001:db8:2::2 $port
done
expect server 203.0.113.3 443
what="paused"
N add element inet dejunk paused4 '{ 10.3.0.2 timeout 1h }'
expect server 203.0.113.2 443
for set in paused4 refused_ip4 refused_ip6 suspect4 suspect6; do N flush set inet dejunk $set; done
what="DNS rate"
N add rule inet dejunk ask_dns counter
client /usr/bin/python3 -c '
import socket, time
for host, family in ("203.0.113.2", socket.AF_INET), ("2001:db8:2::2", socket.AF_INET6):
    s = socket.socket(family, socket.SOCK_DGRAM)
    for i in range(2000):
        if i % 100 == 0:
            time.sleep(0.02)	# the wire is a slow one
        s.sendto(b"?", (host, 53))'
until_true 5 sh -c "ip netns exec ${ID}g nft list counter inet dejunk dns_over_rate | grep -q 'packets [1-9]'" ||
	fail "$what: none was over the rate"
gateway nft list set inet dejunk dns_rate6 | grep -q 'fd03::2' || fail "$what: an IPv6 client is not counted by its address"
say "a client without a link-layer address is filtered by its IP address"
