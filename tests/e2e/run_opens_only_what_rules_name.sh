#!/bin/bash
# run_opens_only_what_rules_name.sh - files of root only (rules.yaml and its lists) are opened for the unprivileged compile child; a
# missing list, a fifo, a directory are warnings that name it, and the rest is in force.
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/ads.example/203.0.113.5
mkdir -m 700 "$WORK/private" "$WORK/private/folder"
echo ads.example >"$WORK/private/list.txt"
mkfifo "$WORK/private/fifo"
cat >"$WORK/private/rules.yaml" <<END
gateway: {lan: lan}
lists:
  - file: missing.txt
  - file: fifo
  - file: folder
  - file: list.txt
END
chmod 600 "$WORK"/private/*.*
cd "$WORK/private" || fail "no directory"
ip netns exec "${ID}g" "$DEJUNK" run -c rules.yaml --run-dir "$WORK/run" --state-dir "$WORK/state" >"$WORK/armed" 2>>"$WORK/dejunk.log" &
pids+=($!)
pid_of[dejunk]=$!
cd /
until_true 15 grep -qx armed "$WORK/armed" || fail "dejunk did not arm"
for what in missing.txt fifo folder; do
	grep -q "warning.*$what" "$WORK/dejunk.log" || fail "the log does not warn of $what"
done
client curl -s -m 3 -o /dev/null http://ads.example/ && fail "the list that can be read is not in force"
client curl -s -m 3 -o /dev/null http://203.0.113.2/ || fail "no other traffic"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "reload with a warning must exit with 0"
grep -q missing.txt "$WORK/reload.log" || fail "reload does not print the warning"
stop_dejunk || fail "exit status $?"
say "ok"
