#!/bin/bash
# run_survives_its_compiler.sh - the compile process stopped, then killed in the middle of a build: filtering goes on, the reload
# fails and says why, the next one works; when the monitor is killed in the middle of a build, no compile process stays
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<END
gateway: {lan: lan, workers: 1}
rules:
  - block: requests
    url: "*/ads/*"
END
start_dejunk
code() { client curl -s -m 3 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://203.0.113.2/ads/x; }
/usr/bin/python3 -c '
for i in range(3000000): print("0.0.0.0 h%d.example.com" % i)' >"$WORK/big.hosts"
printf 'lists:\n  - file: big.hosts\n' >>"$WORK/rules.yaml"
compiler() { compile=$(pgrep -P "${pid_of[dejunk]}" -f "dejunk: compile"); }
reload() {
	ip netns exec "${ID}g" "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 &
	reload=$!
	until_true 5 compiler || fail "no compile process is seen"
	compiler
}
reload
kill -STOP "$compile"
sleep 1.5
[ "$(status armed)" = true ] || fail "not armed while the compile process is stopped"
[ "$(code)" = 403 ] || fail "not filtered while the compile process is stopped"
kill -KILL "$compile"
wait $reload
[ $? = 2 ] || fail "a reload whose compile process was killed must exit with 2"
grep -q 'killed by signal 9' "$WORK/reload.log" || fail "the reload does not say why it failed"
[ "$(code)" = 403 ] || fail "the old rules do not stay"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "the next reload failed"
[ "$(status names)" = 3000000 ] || fail "the list is not in force: $(status names) names"
echo '# what was kept does not do any more' >>"$WORK/rules.yaml"
reload
kill -KILL "${pid_of[dejunk]}"
gone() { [ ! -e "/proc/$compile" ] || grep -q '^State:.Z' "/proc/$compile/status"; }
until_true 30 gone ||	# it may be in the middle of an fsync of the image that is kept
	fail "the compile process outlives the monitor: $(grep State "/proc/$compile/status") $(cat "/proc/$compile/wchan" 2>/dev/null)"
say "ok"
