#!/bin/bash
# reloads_under_way.sh - a download under way goes on over a reload; lists of names work at a million names, a missing one is
# named; explain knows list and line.  (Reload itself: run_reloads_as_a_whole.sh, errors: promise 6.)
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<'END'
gateway: {lan: lan}
rules:
  - block: requests
    url: "*/one/*"
END
start_dejunk
code() { client curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "http://203.0.113.2$1" ${2:+-H "Host: $2"}; }
is() { [ "$(code "$2" "${3:-}")" = "$1" ] || fail "$2 ${3:-} is answered $(code "$2" "${3:-}"), not $1"; }
is 403 /one/x
is 200 /two/x

# a download under way, over a reload
client curl -s --limit-rate 4M -o "$WORK/big" http://203.0.113.2/size/12000000 &
download=$!
until_true 5 test -s "$WORK/big"
/usr/bin/python3 -c '
for i in range(1000000): print("0.0.0.0 host%d.junk%d.example" % (i, i % 7777))' >"$WORK/million.hosts"
printf 'plain.example\nb\xc3\xbccher.example\n' >"$WORK/plain.txt"
cat >"$WORK/rules.yaml" <<'END'
gateway: {lan: lan}
lists:
  - file: million.hosts
  - file: plain.txt
  - file: absent.txt
END
begin=${EPOCHREALTIME/./}
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "reloading a million names: exit $?"
say "a million names in force after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
grep -q absent.txt "$WORK/reload.log" || fail "the missing list is not named"
is 403 / host123456.junk6801.example
is 403 / sub.host123456.junk6801.example
is 200 / junk6801.example
is 403 / www.plain.example
is 403 / xn--bcher-kva.example
is 200 /two/x
wait $download || fail "the download was cut by a reload"
[ "$(stat -c %s "$WORK/big")" = 12000000 ] || fail "the download is short"
gateway "$DEJUNK" explain -c "$WORK/rules.yaml" http://host5.junk5.example/ >"$WORK/explain.log" 2>&1
grep -q 'million.hosts:6' "$WORK/explain.log" || fail "explain does not name list and line"
