#!/bin/bash
# run_reloads_as_a_whole.sh - SIGHUP and "dejunk reload": new rules, ports, workers and interfaces come into force together;
# errors are returned and logged and the old rules stay, also when the new port is taken.
. "$(dirname "$0")/lib.sh"
topology
start_www
start_www 8081
block() { printf 'gateway: {lan: lan, workers: %s, listen: %s, http_ports: [%s]}\nrules:\n  - block: requests\n    url: "*/%s/*"\n' "$@"; }
code() { client curl -s -m 5 -o /dev/null -w '%{http_code}' "http://203.0.113.2${2:-}/$1/x"; }
workers() { gateway "$DEJUNK" status --json --run-dir "$WORK/run" | grep -o '"role":"proxy"' | wc -l; }
reload() { gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1; }
block 1 3129 80 one >"$WORK/rules.yaml"
start_dejunk
[ "$(code one)" = 403 ] || fail "the first rules are not in force: $(code one)"
[ "$(code two)" != 403 ] || fail "the first rules block too much"

block 1 3129 80 two >"$WORK/rules.yaml"
reload || fail "reload failed"
[ "$(code two)" = 403 ] || fail "reload returned before the new rules were in force"
[ "$(code one)" != 403 ] || fail "the old rules still hold"

printf 'rules:\n  - blok: x\n' >"$WORK/rules.yaml"
reload
[ $? = 2 ] || fail "a reload of broken rules must exit with 2"
grep -q 'rules.yaml:2:5: error' "$WORK/reload.log" || fail "reload does not show the error"
grep -q 'rules.yaml:2:5: error' "$WORK/dejunk.log" || fail "the log does not show the error"
[ "$(code two)" = 403 ] || fail "broken rules replaced good ones"

background holder gateway /usr/bin/python3 -c 'import socket,time
s = socket.socket(); s.bind(("", 3200)); s.listen(); time.sleep(60)'
until_true 5 listens g 3200 || fail "no holder"
block 1 3200 80 three >"$WORK/rules.yaml"
reload
[ $? = 2 ] || fail "a port that is taken must fail the reload"
grep -q 'port 3200 is taken by python3' "$WORK/reload.log" || fail "reload does not say who has the port"
[ "$(code two)" = 403 ] || fail "half of a reload is in force"
[ "$(code three)" != 403 ] || fail "half of a reload is in force"

block 3 3130 8081 four >"$WORK/rules.yaml"
kill -HUP "$(cat "$WORK/run/pid")"
until_true 5 eval '[ "$(code four :8081)" = 403 ]' || fail "SIGHUP: the new port is not filtered"
[ "$(code four)" != 403 ] || fail "SIGHUP: the old port is still filtered"
[ "$(workers)" = 3 ] || fail "SIGHUP: $(workers) workers, not 3"
listens g 3129 && fail "SIGHUP: the old port is still open"
for i in 1 2 3 4 5 6; do [ "$(code four :8081)" = 403 ] || fail "a worker does not serve the new port"; done
block 1 3129 80 five >"$WORK/rules.yaml"
reload || fail "reload failed"
until_true 5 eval '[ "$(workers)" = 1 ]' || fail "workers were not ended"
for i in 1 2 3 4 5 6; do [ "$(code five)" = 403 ] || fail "fewer workers: some connections are lost"; done

# many at once are all answered
jobs=()
for i in 1 2 3 4 5 6 7 8; do
	gateway "$DEJUNK" reload --run-dir "$WORK/run" >/dev/null 2>&1 &
	jobs+=($!)
done
for p in "${jobs[@]}"; do wait "$p" || fail "one of many reloads failed"; done
stop_dejunk || fail "exit status $?"
say "ok"
