#!/bin/bash
# run_filters_and_ends.sh - one command arms: redirected traffic is counted, a blocked host is refused, SIGTERM ends
# all with status 0 and leaves nothing behind; other tables are untouched byte for byte.
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/ads.example/203.0.113.5 address=/ok.example/203.0.113.6
rules <<END
gateway: {lan: lan, probe: "127.0.0.1:1100"}
rules:
  - block: connections
    host: ads.example
END
gateway nft -f - <<END
table inet others {
	set s { type ipv4_addr; elements = { 192.0.2.1 }; }
	chain forward { type filter hook forward priority 0; policy accept; ip saddr @s counter drop; }
}
END
others() { gateway nft list table inet others; }
others >"$WORK/before"
start_dejunk
[ "$(stat -c %a "$WORK/run")" = 755 ] || fail "the run directory is not 0755"
[ "$(cat "$WORK/run/pid")" ] || fail "no pid file"
client curl -s -m 5 -o /dev/null http://ok.example/ || fail "a wanted page does not come"
client curl -s -m 5 -o /dev/null http://ads.example/ && fail "a blocked host answers"
until_true 5 eval '[ "$(status connections)" -ge 1 ]' || fail "connections were not counted"
[ "$(status armed)" = true ] || fail "status says it is not armed"
until_true 5 eval '[ "$(status refused_syns)" -ge 1 ]' || fail "refused connections were not counted"
gateway "$DEJUNK" status --run-dir "$WORK/run" >"$WORK/status.log" || fail "status does not exit with 0"
grep -q '^armed since ' "$WORK/status.log" || fail "status does not say since when"
gateway "$DEJUNK" probe >"$WORK/probe" || fail "the probe does not answer"
now=$(date +%s)
[ $((now - $(cat "$WORK/probe"))) -le 5 ] || fail "the probe does not tell the time"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >/dev/null || fail "reload does not exit with 0"
roles=$(gateway "$DEJUNK" status --json --run-dir "$WORK/run" | /usr/bin/python3 -c '
import json, sys
print(*[r["pid"] for r in json.load(sys.stdin)["roles"]])')
stop_dejunk
code=$?
[ $code = 0 ] || fail "SIGTERM: exit status $code"
for p in $roles; do [ ! -e "/proc/$p" ] || fail "process $p is left behind"; done
gateway nft list tables | grep -q dejunk && fail "the table is left behind"
[ -z "$(ls "$WORK/run")" ] || fail "left in the run directory: $(ls "$WORK/run")"
others >"$WORK/after"
cmp -s "$WORK/before" "$WORK/after" || fail "another table was changed"
client curl -s -m 5 -o /dev/null http://ads.example/ || fail "without dejunk the host must be reachable"
gateway "$DEJUNK" status --run-dir "$WORK/run" >/dev/null
[ $? = 1 ] || fail "status of no daemon must exit with 1"
gateway "$DEJUNK" probe -c "$WORK/rules.yaml" >/dev/null 2>&1
[ $? = 1 ] || fail "probe of no daemon must exit with 1"
say "ok"
