#!/bin/bash
# promise_5_fails_open.sh - DESIGN promise 5: dead, hung or misconfigured, traffic flows and the log says so.  Every role
# killed, stopped, and all stopped at once: new connections flow again within 4 seconds, with nobody's help, at five
# connections a second and under load; what was killed is back.  (Overloaded: run_steps_aside_when_short.sh.)
#
# limits: HEARTBEAT_MS LEASE_SECONDS
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns "address=/a.example/203.0.113.2"
rules <<'END'
gateway:
  lan: lan
rules:
  - block: connections
    host: blocked.example
  - block: cookies
    name: _ga
END
start_dejunk

# the clients: one connection each 200 ms (or as fast as it goes), each a name lookup and a request; logs ms and result
cat >"$WORK/clients.py" <<'END'
import socket, sys, threading, time
pause, stop = float(sys.argv[1]), time.monotonic() + float(sys.argv[2])
def one():
    begin = time.monotonic()
    try:
        s = socket.create_connection(("203.0.113.2", 80), 1.5)
        s.settimeout(1.5)
        s.sendall(b"GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        got = b""
        while b"hello" not in got:
            more = s.recv(4096)
            if not more: break
            got += more
        ok = b"hello" in got
        s.close()
    except OSError:
        ok = False
    sys.stdout.write("%.3f %s\n" % (begin, "ok" if ok else "lost"))	# one write a line: many threads
threads = []
while time.monotonic() < stop:
    t = threading.Thread(target=one); t.start(); threads.append(t)
    time.sleep(pause)
for t in threads: t.join()
END

# longest_gap FILE - seconds between the first lost connection's start and the first good one after the last lost, at most
longest_gap() {
	/usr/bin/python3 - "$1" <<'END'
import sys
rows = sorted((float(a), b) for a, b in (l.split() for l in open(sys.argv[1])))
gap, begin = 0.0, None
for when, what in rows:
    if what == "lost" and begin is None: begin = when
    if what == "ok" and begin is not None:
        gap = max(gap, when - begin); begin = None
if begin is not None: gap = 99.0
print("%.2f %d %d" % (gap, sum(b == "lost" for _, b in rows), len(rows)))
END
}

# trial NAME SECONDS PAUSE COMMAND... - run the clients for SECONDS, do COMMAND after one, judge
trial() {
	local name=$1 seconds=$2 pause=$3 gap lost all
	shift 3
	client /usr/bin/python3 "$WORK/clients.py" "$pause" "$seconds" >"$WORK/run.txt" &
	local clients=$!
	sleep 1
	"$@"
	wait $clients || fail "the clients did not run"
	read -r gap lost all < <(longest_gap "$WORK/run.txt")
	say "$name: $lost of $all lost, longest gap $gap s"
	[ "$all" -ge 10 ] || fail "$name: the clients made $all connections"
	/usr/bin/python3 -c "import sys; sys.exit(not float('$gap') <= 4.0)" || fail "$name: traffic did not flow for $gap s"
}

armed() { [ "$(status armed 2>/dev/null)" = true ]; }
get() { client curl -s -m 3 -o /dev/null http://203.0.113.2/; }
# gone PID - ended, if only its parent has not looked yet
gone() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }
# back ROLE OLD WHAT - it is armed again, by another process, and the old one is gone
back() {
	until_true 8 armed || fail "$3: not armed again"
	[ "$(role_pid "$1")" != "$2" ] || fail "$3: was not started again"
	until_true 5 gone "$2" || fail "$3: the old process is still there"
	get || fail "$3: no traffic after it was armed again"
}
until_true 5 armed
for pause in 0.2 0.01; do
	for role in queue reader proxy admin; do
		[ $pause = 0.2 ] || [ $role = proxy ] || [ $role = queue ] || continue
		pid=$(role_pid $role)
		trial "KILL $role, every $pause s" 3 $pause kill -KILL "$pid"
		back $role "$pid" "KILL $role"
		pid=$(role_pid $role)
		trial "STOP $role, every $pause s" 6 $pause kill -STOP "$pid"
		back $role "$pid" "STOP $role"
		grep -q "$role.*pid $pid.* does not answer: killed" "$WORK/dejunk.log" ||
			fail "the log does not say that $role, pid $pid, was silent"
	done
	# all at once: only the kernel is left to help
	all=$(pgrep -P "${pid_of[dejunk]}")
	# shellcheck disable=SC2086
	trial "STOP all, every $pause s" 6 $pause kill -STOP ${pid_of[dejunk]} $all
	gateway nft list set inet dejunk lease | grep -q expires && fail "the lease did not lapse"
	# shellcheck disable=SC2086
	kill -CONT ${pid_of[dejunk]} $all
	until_true 10 armed || fail "not armed again after all went on"
done
grep -q 'armed again after' "$WORK/dejunk.log" || fail "the log does not say how long it was disarmed"

# the monitor dies: its children end at once, the lease lapses, and a new one starts over what it left
all=$(pgrep -P "${pid_of[dejunk]}")
trial "KILL monitor, every 0.2 s" 6 0.2 kill -KILL "${pid_of[dejunk]}"
gateway nft list set inet dejunk lease | grep -q expires && fail "the lease did not lapse"
for pid in $all; do until_true 5 gone "$pid" || fail "child $pid outlived the monitor"; done
start_dejunk
get || fail "no traffic after the restart"
stop_dejunk || fail "exit status $?"

# misconfigured: it does not start, says where, and traffic flows
rules <<'END'
rules:
  - block: conections
END
gateway timeout 20 "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state" >"$WORK/out" 2>"$WORK/bad.log"
[ $? = 2 ] || fail "broken rules: exit status $?"
grep -q 'rules.yaml:2:12: error' "$WORK/bad.log" || fail "the log does not say what is wrong"
get || fail "no traffic beside broken rules"
