#!/bin/bash
# upgrades_are_bounded.sh - with small limits: an old process is given DRAIN_MS for its connections, a binary that does not say
# that it can take over PROVE_MS, and one whose processes do not become ready UPGRADE_MS, while the old ones serve; one that
# crashes, or is handed what it cannot read, starts anew
#
# limits: DRAIN_MS PROVE_MS UPGRADE_MS
SHORT=$(cd "$(dirname "$0")/../.." && pwd)/build/short
export DEJUNK_SHORT_LIMITS=1
. "$(dirname "$0")/lib.sh"
[ -x "$SHORT/bin/dejunk" ] || fail "there is no $SHORT/bin/dejunk"
limit() { sed -n "s/^LIMIT($1,[[:blank:]]*\([0-9]*\),.*/\1/p" "$SHORT/limit_short.h"; }
topology
background load-server server /usr/bin/python3 "$REPO/tests/e2e/upgrade_load.py" serve 80
until_true 10 listens s 80 || fail "the server does not start"
rules <<END
gateway: {lan: lan, workers: 1}
rules:
  - block: requests
    url: "*/ads/*"
END
mkdir "$WORK/bin" && cp -r "$SHORT/nft" "$WORK/nft" && cp "$SHORT/bin/dejunk" "$WORK/bin/dejunk" || fail "no room"
DEJUNK=$WORK/bin/dejunk
start_dejunk
monitor=${pid_of[dejunk]}
DEJUNK=$SHORT/bin/dejunk
code() { client curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://203.0.113.2/ads/1; }
upgrade() { gateway "$DEJUNK" reload --exec --run-dir "$WORK/run" >"$WORK/upgrade.log" 2>&1; }
ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
put() { cp "$1" "$WORK/bin/new" && chmod 755 "$WORK/bin/new" && mv "$WORK/bin/new" "$WORK/bin/dejunk"; }

# a download that lasts: whoever follows, the old process ends in time, and the download is seen to be cut
{ client curl -s -m 60 http://203.0.113.2/open/4000000/30 | wc -c; echo "${PIPESTATUS[0]}"; } >"$WORK/got" &
download=$!
pids+=($download)
until_true 5 eval '[ "$(status connections)" -ge 1 ]' || fail "the download does not begin"
old=$(role_pid proxy)
upgrade || fail "exit status $?"
begin=$(ms)
[ -e "/proc/$old" ] || fail "the old process did not wait for the download"
wait $download
took=$(($(ms) - begin))
[ $took -ge $(($(limit DRAIN_MS) - 500)) ] && [ $took -le $(($(limit DRAIN_MS) + 1500)) ] || fail "it was given $took ms"
grep -qx 56 "$WORK/got" || fail "a download that was cut: $(tr '\n' ' ' <"$WORK/got")"
until_true 2 eval '[ ! -e /proc/$old ]' || fail "the old process is still there"
say "a download was reset $took ms after the upgrade"

# a program that says nothing
put /usr/bin/yes
begin=$(ms)
upgrade
[ $? = 1 ] || fail "a program that says nothing: exit status $?"
took=$(($(ms) - begin))
[ $took -ge "$(limit PROVE_MS)" ] && [ $took -le $(($(limit PROVE_MS) + 1500)) ] || fail "a program that says nothing was given $took ms"
grep -q 'did not show within' "$WORK/upgrade.log" || fail "it says: $(cat "$WORK/upgrade.log")"
until_true 2 eval '! pgrep -P $monitor -x yes' || fail "the program goes on"
[ "$(code)" = 403 ] || fail "it does not filter any more"

# the reader of the new binary hangs before it is ready: the old one serves, dejunk stays armed, and comes round by itself
put "$SHORT/bin/dejunk"
cat >"$WORK/stop.py" <<'END'
import os, signal, sys, time
monitor, known, end = sys.argv[1], set(), time.monotonic() + 10
def children():
    return open("/proc/%s/task/%s/children" % (monitor, monitor)).read().split()
known.update(children())
print("looking", flush=True)
while time.monotonic() < end:
    for pid in children():
        try:
            if pid not in known and b"\0reader\0" in open("/proc/%s/cmdline" % pid, "rb").read():
                os.kill(int(pid), signal.SIGSTOP)
                sys.exit(print(pid))
        except OSError:
            pass
END
[ -e "/proc/$monitor/task/$monitor/children" ] || skip "this kernel does not tell whose child a process is"
# stop_new_reader - begin an upgrade, $asked, whose reader, $new, is stopped before it is ready; $old serves
stop_new_reader() {
	local watch
	for _ in {1..5}; do
		old=$(role_pid reader)
		/usr/bin/python3 "$WORK/stop.py" $monitor >"$WORK/stopped" &
		watch=$!
		until_true 5 grep -q looking "$WORK/stopped"
		upgrade &
		asked=$!
		wait $watch
		new=$(tail -n 1 "$WORK/stopped")
		sleep 0.5
		[ ! -e "/proc/$old" ] || return 0
		kill -CONT $new 2>/dev/null
		wait $asked
	done
	skip "no process was ever stopped in time"
}
stop_new_reader
begin=$(ms)
wait $asked
[ $? = 1 ] || fail "processes that do not become ready: exit status $?"
grep -q 'those of the old one serve until they are' "$WORK/upgrade.log" || fail "it says: $(cat "$WORK/upgrade.log")"
[ "$(status armed)" = true ] || fail "not armed while an old process serves"
[ "$(code)" = 403 ] || fail "it does not filter while an old process serves"
say "an upgrade that hangs was told $(($(ms) - begin + 500)) ms later"
kill -CONT $new
until_true 5 eval '[ ! -e /proc/$old ]' || fail "the old process is still there"
until_true 5 grep -c 'has taken over' "$WORK/dejunk.log"
grep -q 'not armed' "$WORK/dejunk.log" && fail "it was not armed for a while"
upgrade || fail "the next upgrade: exit $?"

# a new binary that crashes while it takes over begins anew, as the same process
stop_new_reader
kill -SEGV $monitor
wait $asked
[ $? = 1 ] || fail "an upgrade that crashes: exit status $?"
grep -q 'the take-over crashed: dejunk starts anew' "$WORK/dejunk.log" || fail "nobody says that it crashed"
until_true 10 eval '[ "$(status armed)" = true ]' || fail "not armed after a crash"
[ "$(status pid)" = $monitor ] || fail "another process after a crash"
[ "$(code)" = 403 ] || fail "it does not filter after a crash"
until_true 5 eval '[ ! -e /proc/$old ]' || fail "a process of before the crash is still there"
upgrade || fail "the next upgrade after a crash: exit $?"
stop_dejunk || fail "exit status $?"

# what cannot be read is no reason not to run
export DEJUNK_HANDOVER=9
start_dejunk 9</dev/null
unset DEJUNK_HANDOVER
grep -q 'what was handed over is not from a dejunk' "$WORK/dejunk.log" || fail "nobody says that nothing was handed over"
[ "$(code)" = 403 ] || fail "it does not filter"
stop_dejunk || fail "exit status $?"
say "ok"
