#!/bin/bash
# refuses_unlearned_clients_if_told.sh - a client whose DNS was not seen, at an address that a host named in rules.yaml
# has: passes with "unlearned: defer", is refused with "unlearned: refuse" until it asks for a wanted name there
. "$(dirname "$0")/lib.sh"
topology
start_www 443
start_dns address=/blocked.example/203.0.113.3 address=/blocked.example/2001:db8:2::3 address=/wanted.example/203.0.113.3
rules <<'END'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
END
start_dejunk
try() { client curl -sg -m 5 -o /dev/null "http://$1:443/"; }
refused() { try "$1"; [ $? = 7 ]; }
until_true 5 grep -q 'query\[A\] blocked.example from 203.0.113.1' "$WORK/dns.log" || fail "the host was not resolved ahead"
try 203.0.113.3 || fail "not deferred"
try '[2001:db8:2::3]' || fail "not deferred over IPv6"
sed -i 's/{lan: lan}/{lan: lan, unlearned: refuse}/' "$WORK/rules.yaml"
gateway "$DEJUNK" reload --run-dir "$WORK/run" || fail "the reload failed"
until_true 5 refused 203.0.113.3 || fail "not refused"
refused '[2001:db8:2::3]' || fail "not refused over IPv6"
try 203.0.113.4 || fail "an address that no blocked host has was refused"
[ "$(client dig +short +tries=1 +time=2 wanted.example)" = 203.0.113.3 ] || fail "no answer"
try 203.0.113.3 || fail "refused although the client asked for a wanted name there"
