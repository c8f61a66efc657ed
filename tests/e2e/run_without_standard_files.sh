#!/bin/bash
# run_without_standard_files.sh - started with descriptors 0, 1 and 2 closed it runs all the same, and no socket takes their
# place: lines of the log would be written into it
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<END
gateway: {lan: lan, workers: 1}
END
ip netns exec "${ID}g" sh -c "exec '$DEJUNK' run -c '$WORK/rules.yaml' --run-dir '$WORK/run' --state-dir '$WORK/state' <&- >&- 2>&-" &
pids+=($!)
pid_of[dejunk]=$!
armed() { [ "$(status armed)" = true ]; }
until_true 10 armed || fail "not armed"
client curl -s -m 3 -o /dev/null http://203.0.113.2/ || fail "no traffic"
for pid in ${pid_of[dejunk]} $(pgrep -P "${pid_of[dejunk]}"); do
	for fd in 0 1 2; do
		[[ $(readlink "/proc/$pid/fd/$fd") == */dev/null ]] ||
			fail "descriptor $fd of $(cat "/proc/$pid/comm") is $(readlink "/proc/$pid/fd/$fd")"
	done
done
stop_dejunk || fail "exit status $?"
say "ok"
