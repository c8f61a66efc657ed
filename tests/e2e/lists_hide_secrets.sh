#!/bin/bash
# lists_hide_secrets.sh - a password and a token in the URL of a list reach its server and nobody else: not the log (at debug level too),
# status, tables, a blocked client, or what local users can read of the state directory.
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/ads.example/203.0.113.5 address=/lists.example/203.0.113.2
mkdir -p "$WORK/lists/sub"
background lists server "$REPO/tests/e2e/lists_www.py" "$WORK/lists" 8000
until_true 20 listens s 8000 || fail "the server of lists does not start"
place='user:s3cret@lists.example:8000/secret'
rules <<END
gateway: {lan: lan}
lists:
  - {url: "http://$place/main.txt?key=t0ken"}
  - url: http://$place/gone.txt?key=t0ken
  - {url: "http://$place/bad.txt?key=t0ken", name: bad}
END
printf '%s\n' '! Title: x' '||ads.example^' '/banner/' '!#include part.txt?key=t0ken' >"$WORK/lists/main.txt?key=t0ken"
echo '||more.example^' >"$WORK/lists/part.txt?key=t0ken"
printf '%s\n' '||ads.example^' '!#include http://x:s3cret@other.example/x?key=t0ken' >"$WORK/lists/bad.txt?key=t0ken"
cli() { gateway "$DEJUNK" "$@" >>"$WORK/said.log" 2>&1; }
start_dejunk -d debug
until_true 30 grep -q ' 1 lists, 0 names, 3 filters in force' "$WORK/dejunk.log" || fail "the list and what it includes are not in force"
until_true 10 eval '[ "$(status lists_failing)" = 2 ]' || fail "not two lists fail"
client curl -s -m 10 -H 'Host: ads.example' -H 'Accept: text/html' http://203.0.113.2/ >"$WORK/page.log"
grep -q 'main.txt?key=\*\*\*:2' "$WORK/page.log" || fail "the page does not name the list: $(cat "$WORK/page.log")"
cli lists update --run-dir "$WORK/run"
cli lists update --run-dir "$WORK/run" --json 'http://***@lists.example:8000/secret/main.txt?key=***'
grep -q '"result":"unchanged"' "$WORK/said.log" || fail "an update by the URL as it is shown: $(cat "$WORK/said.log")"
for json in "" --json; do
	cli status --run-dir "$WORK/run" $json
	cli lists -c "$WORK/rules.yaml" --state-dir "$WORK/state" $json
	cli check "$WORK/rules.yaml" --state-dir "$WORK/state" $json
	cli explain -c "$WORK/rules.yaml" --state-dir "$WORK/state" http://www.example/banner/ $json
	cli reload --run-dir "$WORK/run" $json
done
echo '  - {url: "http://user:s3cret@lists.example/?t0ken", every: 1s}' >>"$WORK/rules.yaml"
cli reload --run-dir "$WORK/run"
stop_dejunk || fail "exit status $?"
grep -q 'included http://\*\*\*@lists.example:8000/secret/part.txt?key=\*\*\*' "$WORK/dejunk.log" || fail "the log is not the one at debug level"
[ "$(grep -c 'main.txt?key=\*\*\*' "$WORK/said.log")" -ge 8 ] || fail "the list is not called by its URL as it is shown: $(cat "$WORK/said.log")"
! grep -n 's3cret\|t0ken' "$WORK/dejunk.log" "$WORK/said.log" "$WORK/page.log" || fail "somebody was told"
find "$WORK/state" "$WORK/run" -type f -perm /o=r >"$WORK/open"
grep -q '\.state$' "$WORK/open" || fail "there is no state to look at"
while read -r file; do
	! grep -n 's3cret\|t0ken' "$file" || fail "everybody can read it in $file"
done <"$WORK/open"
[ -z "$(find "$WORK/state/lists" -maxdepth 0 -perm /o=r)" ] || fail "the names of the copies, hashes of URLs, can be listed"
say "ok"
