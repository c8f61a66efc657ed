#!/bin/bash
# run_side_by_side.sh - two daemons in two network namespaces, each with its own run directory; a machine without a lan
# filters its own traffic, but neither its own services nor what goes over lo, and --help and status tell what they should.
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/ads.example/203.0.113.5 address=/ok.example/203.0.113.6
rules <<END
rules:
  - block: connections
    host: ads.example
  - block: requests
    url: "*/ads/*"
END
# the client has a default route by its only interface: no lan is found, filter_self: auto is on
ip netns exec "${ID}c" "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run-c" --state-dir "$WORK/state-c" >"$WORK/armed-c" 2>>"$WORK/dejunk-c.log" &
pids+=($!)
pid_c=$!
start_dejunk
until_true 15 grep -qx armed "$WORK/armed-c" || fail "the second daemon did not arm"
grep -q "this machine's own traffic" "$WORK/dejunk-c.log" || fail "the log does not say that own traffic is filtered"
code=$(client curl -s -m 5 -o /dev/null -w '%{http_code}' http://ok.example/ads/x)
[ "$code" = 403 ] || fail "an own request that is blocked got $code"
[ "$(client "$DEJUNK" status --json --run-dir "$WORK/run-c" | grep -o '"blocked":[0-9]*')" = '"blocked":1' ] || fail "it was not the own daemon"
client curl -s -m 5 -o /dev/null http://ads.example/ && fail "an own connection to a blocked host succeeds"
client curl -s -m 5 -o /dev/null http://ok.example/ || fail "an own wanted request fails"
background local client /usr/bin/python3 "$REPO/tests/e2e/www.py" 80
until_true 5 listens c 80 || fail "no local server"
client curl -s -m 5 -o /dev/null http://127.0.0.1/ads/x || fail "own traffic over lo fails"
[ "$(client curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1/ads/x)" = 200 ] || fail "own traffic over lo is filtered"
kill -TERM $pid_c
wait $pid_c || fail "exit status $?"
client nft list tables | grep -q dejunk && fail "the table of the second is left behind"
[ "$(status armed)" = true ] || fail "the first one suffered"
"$DEJUNK" --help | grep -q '^  run ' || fail "--help does not list the verbs"
stop_dejunk || fail "exit status $?"
say "ok"
