#!/bin/bash
# learns_from_a_resolver_on_the_gateway.sh - clients ask a name server that runs on the gateway itself, over either
# family; what it answers is learned all the same
. "$(dirname "$0")/lib.sh"
topology
start_www 443
command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
printf '%s\n' no-resolv no-hosts bind-interfaces user=root log-facility=- "pid-file=$WORK/dns.pid" \
	address=/blocked.example/203.0.113.3 address=/blocked.example/2001:db8:2::3 \
	address=/wanted.example/203.0.113.4 address=/wanted.example/2001:db8:2::4 >"$WORK/dnsmasq.conf"
background dns gateway dnsmasq -k -C "$WORK/dnsmasq.conf"
until_true 10 listens_udp g 53 || fail "the name server does not start"
rules <<'END'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
END
start_dejunk
for server in 10.1.0.1 fd01::1; do
	ip netns exec "${ID}c" ip neigh flush dev lan	# the family that asks knows nothing of the other
	[ "$(client dig +short +tries=1 +time=2 "@$server" blocked.example AAAA)" = 2001:db8:2::3 ] || fail "$server does not answer"
	client dig +short +tries=1 +time=2 "@$server" blocked.example wanted.example A wanted.example AAAA >"$WORK/dig.log"
	for ip in 203.0.113.3 '[2001:db8:2::3]'; do
		client curl -sg -m 5 -o /dev/null "http://$ip:443/"
		[ $? = 7 ] || fail "$ip was not refused after asking $server"
	done
	for ip in 203.0.113.4 '[2001:db8:2::4]'; do
		[ "$(client curl -sg -m 5 "http://$ip:443/x")" = "hello from /x" ] || fail "$ip is not reached"
	done
done
