#!/bin/bash
# soak.sh - SOAK_MINUTES (20) at full load with a reload every ten seconds, clients that abort and servers that reset: no error that
# was not made on purpose, no process ends, and memory and descriptors of each are in the end what they were after a tenth of the time
. "$(dirname "$0")/../e2e/lib.sh"
minutes=${SOAK_MINUTES:-20}
topology
write_rules() {
	rules <<END
gateway: {lan: lan, workers: 2}
rules:
  - block: requests
    url: "*/ads/*"
  - block: cookies
    name: ["junk", "generation_$1"]
  - block: images
    size: ["468x60"]
END
}
write_rules 0
background www server /usr/bin/python3 "$REPO/tests/slow/soak.py" server
until_true 10 listens s 80 || fail "the web server does not start"
start_dejunk

# roles NAME... - a line for each process: role, pid, KiB of memory of its own, descriptors
roles() {
	gateway "$DEJUNK" status --json --run-dir "$WORK/run" | /usr/bin/python3 -c '
import json, os, re, sys
v = json.load(sys.stdin)
for i, r in enumerate(v["roles"]):
    pid = r["pid"]
    anon = int(re.search(r"RssAnon:\s*(\d+)", open("/proc/%d/status" % pid).read()).group(1))
    print("%s.%d" % (r["role"], i), pid, anon, len(os.listdir("/proc/%d/fd" % pid)))'
}

# what else this machine does is no part of this: a process that does not run for a second is taken for one that hangs
# shellcheck disable=SC2046
renice -n -15 -p $(roles | cut -d' ' -f2) >/dev/null 2>&1
begin=$SECONDS reloads=0
background load client /usr/bin/python3 "$REPO/tests/slow/soak.py" load $((minutes * 60))
roles >"$WORK/first"
while kill -0 "${pid_of[load]}" 2>/dev/null; do
	sleep 10
	reloads=$((reloads + 1))
	write_rules $reloads
	gateway "$DEJUNK" reload --run-dir "$WORK/run" >>"$WORK/reload.log" 2>&1 || fail "reload $reloads"
	roles >"$WORK/now" || fail "no status"
	[ "$(cut -d' ' -f1,2 "$WORK/now")" = "$(cut -d' ' -f1,2 "$WORK/first")" ] || fail "a process ended: $(cat "$WORK/now")"
	[ $((SECONDS - begin)) -ge $((minutes * 6)) ] && [ ! -e "$WORK/warm" ] && cp "$WORK/now" "$WORK/warm"
	[ $((reloads % 12)) != 1 ] || say "$((SECONDS - begin)) s: $(grep -c error "$WORK/load.log") errors; $(cut -d' ' -f1,3,4 "$WORK/now" | tr '\n' ',')"
	[ $((SECONDS - begin)) -lt $((minutes * 60 + 120)) ] || fail "the load does not end"
done
[ -e "$WORK/warm" ] || cp "$WORK/first" "$WORK/warm"
grep '^counts' "$WORK/load.log"
[ "$(grep -c '^counts.*errors 0$' "$WORK/load.log")" = 2 ] || fail "errors that were not made on purpose"
[ "$(status overloads)" = 0 ] || fail "it stepped aside: overloads $(status overloads)"

# without load: nothing is open, and nothing more is held than before
settled() { roles >"$WORK/now"; [ "$(awk '$1 ~ /proxy/ && $4 > 70' "$WORK/now")" = "" ]; }
until_true 60 settled || fail "descriptors are left: $(cat "$WORK/now")"
failed=
while read -r role pid anon files; do
	read -r _ _ warm _ < <(grep "^$role " "$WORK/warm")
	read -r _ _ _ first < <(grep "^$role " "$WORK/first")
	say "$role: $warm KiB after a tenth, $anon in the end; descriptors $first before, $files after"
	[ $((anon - warm)) -lt 4096 ] || failed="$failed $role grew by $((anon - warm)) KiB;"
	most=$((first + 1))
	case $role in proxy*) most=$((first + 36)) ;; esac	# it keeps up to sixteen pipes
	[ "$files" -le $most ] || failed="$failed $role holds $files descriptors;"
done <"$WORK/now"
[ -z "$failed" ] || fail "$failed"
grep -E 'warning|error' "$WORK/dejunk.log" | sed 's/^[^:]*: //' | sort | uniq -c | sort -rn | head -n 8
stop_dejunk || fail "exit status $?"
say "$minutes minutes, $reloads reloads: ok"
