#!/bin/bash
# promise_9_both_families.sh - DESIGN promise 9: everything over IPv4 is done over IPv6, and the other way round: the same
# list of traffic, once by each family, with the same answers and the same counters
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/ads.example/203.0.113.5 address=/ads.example/2001:db8:2::5 listen-address=203.0.113.2 listen-address=2001:db8:2::2 \
	address=/ok.example/203.0.113.6 address=/ok.example/2001:db8:2::6
ip -n "${ID}c" addr add 10.1.0.77/24 dev lan
ip -n "${ID}c" addr add fd01::77/64 dev lan nodad preferred_lft 0	# not what others are sent from
gateway nft -f - <<'END'
table inet guests {
	chain forward {
		type filter hook forward priority filter; policy accept;
		ip daddr 203.0.113.8 drop
		ip6 daddr 2001:db8:2::8 drop
	}
}
END
rules <<'END'
gateway:
  lan: lan
  exempt: [10.1.0.77, "fd01::77"]
rules:
  - block: connections
    host: ads.example
  - block: connections
    address: [203.0.113.9, "2001:db8:2::9"]
  - block: requests
    url: "*/ads/*"
  - block: cookies
    name: _ga
  - block: images
    size: "468x60"
END
start_dejunk
background udp server /usr/bin/python3 -c '
import select, socket
socks = []
for family, ip in ((socket.AF_INET, "203.0.113.%d"), (socket.AF_INET6, "2001:db8:2::%d")):
    for last in 5, 6:
        s = socket.socket(family, socket.SOCK_DGRAM); s.bind((ip % last, 9999)); socks.append(s)
while True:
    for s in select.select(socks, [], [])[0]:
        d, a = s.recvfrom(100); s.sendto(d, a)'
until_true 5 listens_udp s 9999 || fail "no UDP server"
# ask SERVER NAME TYPE - a query over that server's family; waits for the answer
ask() {
	client /usr/bin/python3 - "$@" <<'END'
import socket, struct, sys
where, name, kind = sys.argv[1:]
s = socket.socket(socket.AF_INET6 if ':' in where else socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
q = struct.pack('>HHHHHH', 77, 256, 1, 0, 0, 0) + b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + b'\0'
s.sendto(q + struct.pack('>HH', {'A': 1, 'AAAA': 28}[kind], 1), (where, 53))
assert struct.unpack('>H', s.recv(512)[6:8])[0] == 1
END
}
echoes() {
	client /usr/bin/python3 - "$1" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
try:
    s.connect((sys.argv[1], 9999)); s.send(b'x'); s.recv(10)
except OSError:
    sys.exit(1)
END
}
# traffic FAMILY - what it prints must not depend on the family
traffic() {
	local b=203.0.113. r= l= me=10.1.0.2 exempt=10.1.0.77 gw=10.1.0.1 type=A code
	[ "$1" = 4 ] || { b=2001:db8:2:: l='[' r=']' me=fd01::2 exempt=fd01::77 gw=fd01::1 type=AAAA; }
	get() { client curl -sg -m 3 -o "$WORK/got" -w '%{http_code} ' "$@"; echo "exit $?"; }
	echo "page $(get --interface $me "http://$l${b}2$r/x") $(cat "$WORK/got")"
	echo "other port $(get "http://$l${b}2$r:81/x")"
	echo "blocked page $(get -H 'Accept: text/html' "http://$l${b}2$r/ads/x")"
	echo "exempt client $(get --interface $exempt -H 'Accept: text/html' "http://$l${b}2$r/ads/x")"
	echo "cookie $(get -H 'Cookie: _ga=1; keep=2' "http://$l${b}2$r/echo") $(grep -i '^cookie' "$WORK/got")"
	echo "answer's cookies $(get -D "$WORK/head" "http://$l${b}2$r/cookies") $(grep -ic '^set-cookie' "$WORK/head")"
	echo "banner $(get "http://$l${b}2$r/img/468x60.png") $(cksum <"$WORK/got")"
	echo "photo $(get "http://$l${b}2$r/img/300x200.png") $(cksum <"$WORK/got")"
	echo "forward drops $(get "http://$l${b}8$r/x")"
	echo "proxy's port $(get "http://$l$gw$r:3129/")"
	echo "address rule $(get "http://$l${b}9$r:8080/")"
	echo "before DNS $(get "http://$l${b}5$r:80/x" -H 'Host: neutral.example')"
	for name in ads ok; do ask "${b}2" $name.example $type || fail "IPv$1: no DNS answer for $name.example"; done
	for port in 80 443 8080; do echo "refused on $port $(get "http://$l${b}5$r:$port/x")"; done
	echo "wanted on 80 $(get "http://$l${b}6$r/x")"
	echo "UDP refused $(echoes "${b}5"; echo $?) wanted $(echoes "${b}6"; echo $?)"
}
counters() { gateway "$DEJUNK" status --json --run-dir "$WORK/run" | /usr/bin/python3 -c '
import json, sys
v = json.load(sys.stdin)
print(*[v[k] for k in ("connections", "requests", "blocked", "cookies", "images", "refused_syns", "forward_drops", "dns_queries", "dns_answers", "syns")])'; }
# settled - the kernel's own counters are read once a second
settled() { local was; was=$(counters); sleep 1.2; [ "$was" = "$(counters)" ]; }
read -ra zero < <(counters)
traffic 4 >"$WORK/four.log"
until_true 10 settled
read -ra four < <(counters)
traffic 6 >"$WORK/six.log"
until_true 10 settled
read -ra six < <(counters)
diff "$WORK/four.log" "$WORK/six.log" || fail "the families differ"
for i in "${!zero[@]}"; do
	[ $((four[i] - zero[i])) = $((six[i] - four[i])) ] || fail "counters differ: ${zero[*]} | ${four[*]} | ${six[*]}"
	# (the last, SYNs decided in user space, may be none: the kernel knows the pairs)
	[ $((four[i] - zero[i])) -ge 1 ] || [ "$i" = 9 ] || fail "a counter did not count: ${zero[*]} | ${four[*]}"
done
# and what it printed is right, for one family and so for both
for want in 'page 200 exit 0 hello from /x' 'other port 000 exit 7' 'blocked page 403 exit 0' 'exempt client 200 exit 0' \
	'cookie 200 exit 0 Cookie: keep=2' "answer's cookies 200 exit 0 2" 'forward drops 000 exit 56' 'address rule 000 exit 7' \
	'before DNS 200 exit 0' 'refused on 80 000 exit 7' 'refused on 443 000 exit 7' 'refused on 8080 000 exit 7' \
	'wanted on 80 200 exit 0' 'UDP refused 1 wanted 0'; do
	grep -q "^$want" "$WORK/four.log" || fail "missing: $want"
done
say "$(wc -l <"$WORK/four.log") kinds of traffic, alike over both families"
