#!/bin/bash
# run_survives_its_children.sh - kill -9 and kill -STOP of every role, of all at once, and of the monitor: new connections
# work again within 4 seconds (directly or filtered), and what was killed is back.  Said in the log.
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<END
gateway: {lan: lan}
END
start_dejunk
get() { client curl -s -m 3 -o /dev/null http://203.0.113.2/; }
armed() { [ "$(status armed)" = true ]; }
get || fail "no traffic to begin with"

# works_soon WHAT - within 4 seconds a connection succeeds, and the next three do
works_soon() {
	until_true 4 client curl -s -m 0.4 -o /dev/null http://203.0.113.2/ || fail "$1: no traffic for 4 seconds"
	get && get && get || fail "$1: traffic stopped again"
}

for signal in KILL STOP; do
	for role in queue reader proxy admin; do
		pid=$(role_pid $role)
		kill -$signal "$pid"
		works_soon "$role $signal"
		until_true 6 eval '[ "$(role_pid $role)" != $pid ]' || fail "$role $signal: was not replaced"
		until_true 6 armed || fail "$role $signal: not armed again"
		[ ! -e "/proc/$pid" ] || fail "$role $signal: the old process is still there"
	done
done
grep -q 'queue .*does not answer: killed' "$WORK/dejunk.log" || fail "the log does not say that a child was silent"
grep -q 'armed again after' "$WORK/dejunk.log" || fail "the log does not say how long it was disarmed"

# everybody at once: only the kernel is left, and the lease lapses
all="$(cat "$WORK/run/pid") $(pgrep -P "$(cat "$WORK/run/pid")")"
kill -STOP $all
works_soon "all stopped"
gateway nft list set inet dejunk lease | grep -q elements && fail "the lease did not lapse"
kill -CONT $all
until_true 6 armed || fail "not armed again after all were stopped"
get || fail "no traffic after all were stopped"

# the monitor alone: who asks is not told that it is armed
kill -STOP "$(cat "$WORK/run/pid")"
works_soon "monitor stopped"
until_true 6 eval '[ "$(status armed)" = false ]' || fail "armed, says the status, while the monitor is stopped"
kill -CONT "$(cat "$WORK/run/pid")"
until_true 6 armed || fail "not armed again after the monitor was stopped"

# the monitor dies: its children end at once, the lease lapses, and a new one starts over what it left
all=$(pgrep -P "$(cat "$WORK/run/pid")")
kill -9 "$(cat "$WORK/run/pid")"
works_soon "monitor killed"
gone() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }
for p in $all; do
	until_true 5 gone "$p" || fail "child $p outlives the monitor"
done
start_dejunk
get || fail "no traffic after the restart"
stop_dejunk || fail "exit status $?"
say "ok"
