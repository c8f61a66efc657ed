#!/bin/bash
# lists_included.sh - what a list of filters includes is fetched with it: nested, in a circle, changed; one that is missing, no list,
# of another origin, or too deep fails the whole, and the last good copy stays.
# limits: LIST_INCLUDE_DEPTH
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/ads.example/203.0.113.5 address=/more.example/203.0.113.6 address=/lists.example/203.0.113.2
mkdir "$WORK/lists"
background lists server "$REPO/tests/e2e/lists_www.py" "$WORK/lists" 8000
until_true 20 listens s 8000 || fail "the server of lists does not start"
update() { gateway "$DEJUNK" lists update --run-dir "$WORK/run" "$@" >"$WORK/update.log" 2>&1; }
table() { gateway "$DEJUNK" lists -c "$WORK/rules.yaml" --state-dir "$WORK/state" "$@"; }
rules_of() { table --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["lists"][0]["rules"])'; }
blocked() { ! client curl -s -m 3 -o /dev/null "http://$1/"; }
rules <<END
gateway: {lan: lan}
lists:
  - {url: "http://lists.example:8000/main.txt", name: whole}
END
whole() { printf '%s\n' "! Title: whole" "$@" '||last.example^' >"$WORK/lists/main.txt"; }
kept() {	# kept WHY - the last good copy stays
	update whole && fail "update with $1 exits with 0"
	grep -q "^whole: .*$1.*last good copy stays" "$WORK/update.log" || fail "$1: update says $(cat "$WORK/update.log")"
	blocked ads.example || fail "$1: the last good copy is not in force"
}
printf '%s\n' '||ads.example^' '!#if env_firefox' '!#include sub/missing.txt' '!#endif' '!#include /more.txt' '!#if false' >"$WORK/lists/one.txt"
printf '%s\n' '||more.example^' '!#include main.txt' '!#include http://lists.example:8000/one.txt' >"$WORK/lists/more.txt"
whole '!#include one.txt' '||own.example^'
start_dejunk
until_true 30 eval '[ "$(rules_of)" = 4 ]' || fail "the list and what it includes are not there: $(table)"
until_true 10 blocked ads.example || fail "what the list includes does not act"
until_true 10 blocked more.example || fail "what an included file includes does not act"
[ "$(grep -c 'GET /\(one\|more\|main\).txt 200 -' "$WORK/lists.log")" = 3 ] || fail "not each once: $(cat "$WORK/lists.log")"
update whole || fail "update: $(cat "$WORK/update.log")"
grep -qx 'whole: not changed, 4 rules' "$WORK/update.log" || fail "update says $(cat "$WORK/update.log")"
echo '||new.example^' >>"$WORK/lists/more.txt"
update whole || fail "update: $(cat "$WORK/update.log")"
grep -qx 'whole: updated, 5 rules (before: 4)' "$WORK/update.log" || fail "an included file changed, and update says $(cat "$WORK/update.log")"
mv "$WORK/lists/more.txt" "$WORK/more.txt"
kept 'includes http://lists.example:8000/more.txt: the server answers 404'
echo '<html>Please log in</html>' >"$WORK/lists/more.txt"
kept 'more.txt: it is an HTML page'
mv "$WORK/more.txt" "$WORK/lists/more.txt"
whole '!#include one.txt' '!#include http://ads.example:8000/more.txt'
kept 'another origin'
whole '!#include one.txt' '!#include ../more.txt'
kept 'above the root'
for i in 1 2 3 4 5 6 7 8 9; do echo "!#include deep$((i + 1)).txt" >"$WORK/lists/deep$i.txt"; done
whole '!#include one.txt' '!#include deep1.txt'
kept 'too deeply'
echo '||deep.example^' >"$WORK/lists/deep8.txt"
update whole || fail "eight levels: $(cat "$WORK/update.log")"
whole '!#include one.txt' '!#include deep1.txt' "! Checksum: AAAAAAAAAAAAAAAAAAAAAA"
kept 'checksum'

[ "$(status armed)" = true ] || fail "it is disarmed"
stop_dejunk || fail "exit status $?"

# the copy says where its lines are from
copy=$(find "$WORK/state/lists" -type f ! -name '*.state')
grep -q '^! dejunk: line 2 of http://lists.example:8000/main.txt includes http://lists.example:8000/one.txt$' "$copy" ||
	fail "the copy does not say where its lines are from: $(cat "$copy")"
grep -q '^!#include .*deep' "$copy" && fail "a line that was followed is still there"
say "ok"
