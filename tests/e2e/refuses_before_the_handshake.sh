#!/bin/bash
# refuses_before_the_handshake.sh - a blocked host's SYN is refused, on every port, TCP and UDP, both families; its
# name may hide behind a CNAME; another name on the same address is served; nobody else's address can be taken away
. "$(dirname "$0")/lib.sh"
topology
start_www 80
background www443 server /usr/bin/python3 "$REPO/tests/e2e/www.py" 443
background www8443 server /usr/bin/python3 "$REPO/tests/e2e/www.py" 8443
start_dns "address=/blocked.example/203.0.113.3" "address=/blocked.example/2001:db8:2::3" \
	"address=/wanted.example/203.0.113.4" "address=/wanted.example/2001:db8:2::4" \
	"address=/shared-bad.example/203.0.113.4" "address=/shared-bad.example/2001:db8:2::4" \
	"host-record=edge.tracker.example,203.0.113.5,2001:db8:2::5" "cname=alias.site.example,edge.tracker.example" \
	"address=/lockout.example/10.1.0.1" "address=/lockout2.example/203.0.113.1" \
	"address=/lockout3.example/203.0.113.2"
rules <<'END'
gateway:
  lan: lan
rules:
  - block: connections
    host: [blocked.example, shared-bad.example, tracker.example, lockout.example, lockout2.example, lockout3.example]
  - block: connections
    address: [203.0.113.9, "2001:db8:2::9"]
END
start_dejunk
until_true 5 listens s 8443

# refused FAMILY HOST PORT - curl is refused (7), and at once: a SYN that was dropped is sent again after a second
refused() {
	local took code
	took=$(client curl -s"$1" -m 5 -o /dev/null -w '%{time_total}' "http://$2:$3/"); code=$?
	[ $code = 7 ] || fail "connecting to $2:$3 over IPv$1 ended with curl's $code, not refused"
	[[ $took == 0.[0-8]* ]] || fail "$2:$3 over IPv$1 was refused only after $took s"
}
reached() {
	[ "$(client curl -s"$1" -m 5 "http://$2:$3/x")" = "hello from /x" ] || fail "$2:$3 over IPv$1 is not reached"
}

capture server "tcp and (host 203.0.113.3 or host 2001:db8:2::3)"
for family in 4 6; do
	for port in 80 443 8443; do
		refused $family blocked.example $port
		refused $family alias.site.example $port
		reached $family wanted.example $port
	done
done
stop_capture
! grep -q . "$WORK/capture.txt" || { cat "$WORK/capture.txt"; fail "the blocked server saw packets"; }

# the same address under a blocked name and a wanted one: the wanted one goes on
client dig +short +tries=1 +time=2 shared-bad.example A shared-bad.example AAAA >"$WORK/dig.log" 2>&1
for family in 4 6; do
	for port in 80 443 8443; do reached $family wanted.example $port; done
	# and the blocked name on it is caught by the Host header
	code=$(client curl -s$family -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://shared-bad.example/)
	[ "$code" = 403 ] || fail "a blocked host on a shared address was answered $code"
done

# addresses named in the rules, without any DNS
refused 4 203.0.113.9 8443
refused 6 '[2001:db8:2::9]' 8443

# UDP to a blocked host: unreachable at once
client /usr/bin/python3 - <<'END' || fail "UDP to a blocked host was not refused"
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect(("203.0.113.3", 4433))
try:
    s.send(b"x"); s.recv(10)
except ConnectionRefusedError:
    sys.exit(0)
except OSError as e:
    sys.exit(0 if e.errno in (111, 113, 13, 1) else "%s" % e)
sys.exit(1)
END

# a blocked name that answers with the gateway's own address locks nobody out
background gw gateway /usr/bin/python3 "$REPO/tests/e2e/www.py" 8022
until_true 5 listens g 8022
client dig +short +tries=1 +time=2 lockout.example lockout2.example >"$WORK/dig.log" 2>&1
grep -q 10.1.0.1 "$WORK/dig.log" || fail "the name server does not answer"
[ "$(client curl -s -m 5 http://10.1.0.1:8022/x)" = "hello from /x" ] || fail "the gateway was locked"
[ "$(client curl -s -m 5 http://203.0.113.1:8022/x)" = "hello from /x" ] || fail "the gateway's other address was locked"

# nor does one that answers with the address of the resolver itself
client dig +short +tries=1 +time=2 lockout3.example >"$WORK/dig.log" 2>&1
[ "$(client dig +short +tries=1 +time=2 wanted.example A)" = 203.0.113.4 ] || fail "the resolver was locked"

counted() { [ "$(status refused_syns)" -ge 14 ]; }
until_true 10 counted || fail "refused SYNs are not counted: $(status refused_syns)"
