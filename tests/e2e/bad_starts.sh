#!/bin/bash
# bad_starts.sh - what cannot start says why in one clear line (all lines of a bad rules file), exits 2, arms nothing
. "$(dirname "$0")/lib.sh"
topology
run() { ip netns exec "${ID}g" timeout 20 "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/${1:-run}" >"$WORK/out" 2>"$WORK/err.log"; }
nothing_armed() { gateway nft list ruleset 2>/dev/null | grep -q dejunk && fail "$1: a table is left behind"; true; }

cat >"$WORK/rules.yaml" <<'END'
gateway:
  lan: lan
  lissen: 3129
rules:
  - block: conections
    host: x.example
  - block: requests
    url: "/(/"
END
run; status=$?
[ $status = 2 ] || fail "a broken rules.yaml: exit $status"
for at in rules.yaml:3: rules.yaml:5: rules.yaml:8:; do grep -q "$at" "$WORK/err.log" || fail "no error at $at"; done
grep -q '\^' "$WORK/err.log" || fail "no caret"
grep -q listen "$WORK/err.log" || fail "no suggestion for lissen"
nothing_armed "a broken rules.yaml"
gateway "$DEJUNK" check "$WORK/rules.yaml" >"$WORK/check.log" 2>&1; status=$?
[ $status = 2 ] || fail "check of a broken file: exit $status"

rm "$WORK/rules.yaml"
run; status=$?
[ $status = 2 ] && grep -q 'rules.yaml' "$WORK/err.log" || fail "a missing rules.yaml: exit $status"

printf 'gateway: {lan: lan, probe: "127.0.0.1:1100"}\nlists:\n  - file: missing.hosts\nrules:\n  - block: requests\n    url: "*/ads/*"\n' >"$WORK/rules.yaml"
# the port is taken
background taken gateway /usr/bin/python3 "$REPO/tests/e2e/www.py" 3129
until_true 5 listens g 3129
run; status=$?
[ $status = 2 ] && grep -q 3129 "$WORK/err.log" || fail "port taken: exit $status"
grep -q "${pid_of[taken]}\|python3" "$WORK/err.log" || fail "it is not said who has the port"
nothing_armed "port taken"
kill "${pid_of[taken]}"
until_true 5 sh -c "! ip netns exec ${ID}g ss -Hltn 'sport = :3129' | grep -q ."

# a queue is taken
queue=$(sed -n 's/^define queue_syn = //p' "$REPO/nft/dejunk.nft")
cat >"$WORK/queue.py" <<'END'
import socket, struct, sys, time
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12); s.bind((0, 0))
q = int(sys.argv[1])
def nla(t, d): return (struct.pack('=HH', 4 + len(d), t) + d).ljust((4 + len(d) + 3) & ~3, b'\0')
b = struct.pack('>BBH', 0, 0, q) + nla(1, struct.pack('>BBH', 1, 0, 0))
s.send(struct.pack('=IHHII', 16 + len(b), (3 << 8) | 2, 1, 0, 0) + b)
print("bound", flush=True)
time.sleep(60)
END
background queue gateway /usr/bin/python3 "$WORK/queue.py" "$queue"
until_true 5 grep -q bound "$WORK/queue.log"
run; status=$?
[ $status = 2 ] && grep -q "$queue" "$WORK/err.log" || fail "queue taken: exit $status"
grep -q "${pid_of[queue]}\|python3" "$WORK/err.log" || fail "it is not said who has the queue"
nothing_armed "queue taken"
kill "${pid_of[queue]}"; wait "${pid_of[queue]}" 2>/dev/null

# no privileges
chmod 644 "$WORK/rules.yaml"
setpriv --reuid 65534 --regid 65534 --clear-groups "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/x" >"$WORK/out" 2>"$WORK/err.log"; status=$?
[ $status = 2 ] && grep -qi root "$WORK/err.log" || fail "without privileges: exit $status"

# a missing list is named, the rest is in force
start_dejunk
grep -q missing.hosts "$WORK/dejunk.log" || fail "the missing list is not named"
# a second instance on the same run directory
run; status=$?
[ $status = 2 ] || fail "a second instance: exit $status"
[ "$(status armed)" = true ] || fail "the second instance disturbed the first"
# the probe
now=$(gateway timeout 3 bash -c 'cat </dev/tcp/127.0.0.1/1100')
[ "$now" -ge 1700000000 ] || fail "the probe said: $now"
gateway "$DEJUNK" probe -c "$WORK/rules.yaml" >"$WORK/out" || fail "dejunk probe failed"
stop_dejunk || fail "exit $?"
gateway "$DEJUNK" probe -c "$WORK/rules.yaml" >"$WORK/out" 2>&1 && fail "dejunk probe found a dead daemon alive"
gateway "$DEJUNK" status --run-dir "$WORK/run" >"$WORK/out" 2>&1
[ $? = 1 ] || fail "status of a dead daemon does not exit 1"
