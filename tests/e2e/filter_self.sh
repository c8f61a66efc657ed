#!/bin/bash
# filter_self.sh - a machine with one interface filters its own traffic, out of the box (lan: auto)
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns "address=/blocked.example/203.0.113.3" "address=/blocked.example/2001:db8:2::3" "address=/wanted.example/203.0.113.4"
ip -n "${ID}g" link del lan
rules <<'END'
rules:
  - block: connections
    host: blocked.example
  - block: requests
    url: "*/ads/*"
END
start_dejunk
for url in http://203.0.113.2/ads/x 'http://[2001:db8:2::2]/ads/x'; do
	code=$(gateway curl -sg -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "$url")
	[ "$code" = 403 ] || fail "$url is answered $code"
done
[ "$(gateway curl -s -m 5 http://wanted.example/x)" = "hello from /x" ] || fail "a wanted page is not answered"
for family in 4 6; do
	gateway curl -s$family -m 5 -o /dev/null http://blocked.example:8080/
	[ $? = 7 ] || fail "a blocked host was not refused over IPv$family"
done
[ "$(status requests)" -ge 3 ] || fail "requests are not counted"
stop_dejunk || fail "exit $?"
[ "$(gateway curl -s -m 5 http://203.0.113.2/ads/x)" = "hello from /ads/x" ] || fail "traffic does not flow after the end"
