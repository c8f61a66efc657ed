#!/bin/bash
# lists_fetched.sh - a list with a url is fetched once dejunk is armed, takes effect, is asked for conditionally, changes with one
# build for all; an HTML page, a shrunk list, a wrong checksum are refused and the last good copy stays; --force takes it.
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/ads.example/203.0.113.5 address=/more.example/203.0.113.6 address=/lists.example/203.0.113.2
mkdir "$WORK/lists"
names() { printf 'n%d.names.example\n' $(seq 1 "$1"); }
{ echo ads.example; names 100; } >"$WORK/lists/a.txt"
names 40 | sed s/names/others/ >"$WORK/lists/b.txt"
background lists server "$REPO/tests/e2e/lists_www.py" "$WORK/lists" 8000
until_true 20 listens s 8000 || fail "the server of lists does not start"
# the port of the lists is filtered, and so is this machine: but not the fetch process
rules <<END
gateway: {lan: lan, filter_self: yes, http_ports: [80, 8000]}
lists:
  - url: http://lists.example:8000/a.txt
    name: first
    every: 12h
  - {url: "http://lists.example:8000/gzip/b.txt", name: second}
END
dejunk_lists() { gateway "$DEJUNK" lists "$@"; }
update() { dejunk_lists update --run-dir "$WORK/run" "$@" >"$WORK/update.log" 2>&1; }
table() { dejunk_lists -c "$WORK/rules.yaml" --state-dir "$WORK/state" "$@"; }
field() { table --json | /usr/bin/python3 -c '
import json, sys
for l in json.load(sys.stdin)["lists"]:
    if l["name"] == sys.argv[1]: print(str(l.get(sys.argv[2], "-")).lower())' "$@"; }
blocked() { ! client curl -s -m 3 -o /dev/null "http://$1/"; }
http_proxy=http://203.0.113.9:1 start_dejunk
until_true 30 eval '[ "$(status names)" = 141 ]' || fail "the lists are not in force: $(status names)"
until_true 10 blocked ads.example || fail "a name of a fetched list is not blocked"
[ "$(status generation)" = 2 ] || fail "two lists took $(status generation) builds"
[ "$(grep -c 'GET /a.txt 200 - dejunk/' "$WORK/lists.log")" = 1 ] || fail "not fetched once: $(cat "$WORK/lists.log")"
[ "$(field first rules)" = 101 ] && [ "$(field second format)" = domains ] || fail "the table says otherwise: $(table)"
[ "$(status connections)" = 0 ] || fail "the fetch process was redirected to the proxy"
next=$(($(field first next) - $(field first fetched)))
[ $next -ge 38880 ] && [ $next -le 47520 ] || fail "the next fetch of every: 12h is in $next s"

# nothing changed: 304, no build
update first || fail "update: $(cat "$WORK/update.log")"
grep -qx 'first: not changed, 101 rules' "$WORK/update.log" || fail "update says $(cat "$WORK/update.log")"
grep -q 'GET /a.txt 304 "' "$WORK/lists.log" || fail "it was not asked for conditionally"
[ "$(status generation)" = 2 ] || fail "a list that did not change made a build"

# a changed one takes effect before update returns
{ echo ads.example; echo more.example; names 100; } >"$WORK/lists/a.txt"
update || fail "update: $(cat "$WORK/update.log")"
grep -qx 'first: updated, 102 rules (before: 101)' "$WORK/update.log" || fail "update says $(cat "$WORK/update.log")"
[ "$(status names)" = 142 ] || fail "update returned and $(status names) names are in force"
until_true 10 blocked more.example || fail "what is new in the list is not blocked"

# what is no list is refused
refused() {	# refused WHY - the first list is, and nothing changes
	local generation
	generation=$(status generation)
	update first && fail "update of $1 exits with 0"
	grep -q "^first: refused: .*$1.*last good copy stays" "$WORK/update.log" || fail "$1: update says $(cat "$WORK/update.log")"
	[ "$(status names)" = 142 ] && [ "$(status generation)" = "$generation" ] || fail "$1: the rules changed"
	field first error | grep -qi "$1" || fail "$1: the table does not say so: $(table)"
	[ "$(status lists_failing)" = 1 ] || fail "status tells of no failing list"
}
echo '<!DOCTYPE html><html><body>Please log in</body></html>' >"$WORK/lists/a.txt"
refused 'HTML page'
printf '# nothing\n# but comments\n' >"$WORK/lists/a.txt"
refused 'nothing in it but comments'
names 30 >"$WORK/lists/a.txt"
refused 'shrank from 102 rules to 30'
names 12000 >"$WORK/lists/a.txt"
refused 'grew from 102 rules to 12000'
printf '! Checksum: AAAAAAAAAAAAAAAAAAAAAA\n' >"$WORK/lists/a.txt"; names 100 | sed 's/.*/||&^/' >>"$WORK/lists/a.txt"
refused 'checksum'
names 30 >"$WORK/lists/a.txt"
refused 'shrank'
update --force first || fail "update --force: $(cat "$WORK/update.log")"
grep -qx 'first: updated, 30 rules (before: 102)' "$WORK/update.log" || fail "update --force says $(cat "$WORK/update.log")"
[ "$(status names)" = 70 ] || fail "the forced list is not in force: $(status names)"
[ "$(status lists_failing)" = 0 ] || fail "a list fails still"
update nonesuch; [ $? = 2 ] || fail "the update of an unknown list does not exit with 2"
update --json second || fail "update --json: $(cat "$WORK/update.log")"
/usr/bin/python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
assert r["ok"] and [l["result"] for l in r["lists"]] == ["unchanged"], r' "$WORK/update.log" || fail "update --json says $(cat "$WORK/update.log")"
[ "$(status armed)" = true ] || fail "fetching disarmed it"
stop_dejunk || fail "exit status $?"
[ -z "$(find "$WORK/state/lists" -name '*.new' -o -name '*.old')" ] || fail "files were left behind: $(ls "$WORK/state/lists")"

# the server is gone: the copies are in force at once
kill "${pid_of[lists]}"
start_dejunk
grep -q "2 lists, 70 names, 0 filters in force (generation 1" <(tail -n 20 "$WORK/dejunk.log") || fail "the copies are not in force at the start: $(status names)"
update first && fail "update without a server exits with 0"
grep -q "^first: failed: .*last good copy stays" "$WORK/update.log" || fail "update says $(cat "$WORK/update.log")"
# the table needs no daemon
stop_dejunk || fail "exit status $?"
table >"$WORK/table.log" 2>&1 || fail "lists without a daemon"
grep -q '^first .*domains .*stale' "$WORK/table.log" || fail "the table: $(cat "$WORK/table.log")"
update; [ $? = 1 ] || fail "update without a daemon does not exit with 1"
say "ok"
