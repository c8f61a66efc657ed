#!/bin/bash
# refuses_a_dual_stack_client.sh - DNS is asked over IPv4 only; the connection comes from an IPv6 address that never
# asked anything: the client is its link-layer address, so it is refused; a second client on the lan is not
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns "address=/blocked.example/203.0.113.3" "address=/blocked.example/2001:db8:2::3"
rules <<'END'
gateway:
  lan: lan
rules:
  - block: connections
    host: blocked.example
END
start_dejunk
ip -n "${ID}c" addr add fd01::abcd/64 dev lan nodad
v6=$(client dig +short @203.0.113.2 blocked.example AAAA)
[ "$v6" = 2001:db8:2::3 ] || fail "no AAAA record: $v6"
client curl -sg6 -m 5 --interface fd01::abcd -o /dev/null "http://[$v6]:8080/"
[ $? = 7 ] || fail "the temporary IPv6 address was not refused"
client curl -sg6 -m 5 --interface fd01::abcd -o /dev/null "http://[$v6]/"
[ $? = 7 ] || fail "port 80 from the temporary IPv6 address was not refused"

# another client (another link-layer address) never asked: deferred, so a plain request by address passes
ip netns add "${ID}x"
ip link add lan2 netns "${ID}x" type veth peer name lan2 netns "${ID}g"
ip -n "${ID}x" addr add 10.3.0.2/24 dev lan2
ip -n "${ID}g" addr add 10.3.0.1/24 dev lan2
ip -n "${ID}x" link set lan2 up
ip -n "${ID}g" link set lan2 up
ip -n "${ID}x" route add default via 10.3.0.1
ip -n "${ID}s" route add 10.3.0.0/24 via 203.0.113.1
sed -i 's/lan: lan/lan: [lan, lan2]/' "$WORK/rules.yaml"
gateway "$DEJUNK" reload --run-dir "$WORK/run" || fail "the reload failed"
until_true 5 ip netns exec "${ID}x" ping -c 1 -W 1 203.0.113.3
[ "$(ip netns exec "${ID}x" curl -s -m 5 http://203.0.113.3/x)" = "hello from /x" ] ||
	fail "what one client resolved refused another client"
client curl -sg6 -m 5 --interface fd01::abcd -o /dev/null "http://[$v6]:8080/"
[ $? = 7 ] || fail "the refusal did not survive a reload"
