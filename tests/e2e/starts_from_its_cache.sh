#!/bin/bash
# starts_from_its_cache.sh - the rule image is kept in the state directory: a start or reload with the same files uses it, with the
# same warnings; a changed list, a damaged or foreign file, a state directory that cannot be made: built as ever
. "$(dirname "$0")/lib.sh"
topology
start_www
/usr/bin/python3 -c '
for i in range(1000000): print("0.0.0.0 host%d.junk%d.example" % (i, i % 7777))' >"$WORK/million.hosts"
rules <<'END'
gateway: {lan: lan, workers: 1}
lists:
  - file: million.hosts
  - file: absent.txt
rules:
  - block: requests
    url: "*/ads/*"
END
code() { client curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "http://203.0.113.2$1" ${2:+-H "Host: $2"}; }
kept="$WORK/state/rules.image"
begin() {
	local from=${EPOCHREALTIME/./}
	: >"$WORK/dejunk.log" >"$WORK/armed"
	start_dejunk "$@"
	say "armed after $(((${EPOCHREALTIME/./} - from) / 1000)) ms"
	[ "$(code / host5.junk5.example)" = 403 ] || fail "a listed name is not blocked"
	[ "$(code /ads/x)" = 403 ] || fail "an own rule does not block"
	[ "$(code / junk5.example)" = 200 ] || fail "what is not listed is blocked"
	grep -q 'warning.*absent.txt' "$WORK/dejunk.log" || fail "the warning is missing"
}
# used or not, in the life of this daemon
from_cache() { [ "$(grep -c 'in force.*as it was kept' "$WORK/dejunk.log")" = "$1" ] || fail "$1 builds were to be spared: $2"; }
is_kept() { until_true 20 eval '[ -s "$kept" ] && [ ! -e "$kept.new" ]' || fail "no image is kept"; }
reload() { gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "reload: exit $?"; }

begin
from_cache 0 "the first start"
is_kept
[ "$(stat -c %a "$kept")" = 600 ] || fail "the kept image is $(stat -c %a "$kept"), not 600"
reload
grep -q absent.txt "$WORK/reload.log" || fail "a reload from the cache does not warn"
from_cache 1 "a reload of nothing new"
[ "$(code / host5.junk5.example)" = 403 ] || fail "a listed name is not blocked after the reload"
[ "$(gateway "$DEJUNK" status --json --run-dir "$WORK/run" | grep -o '"cache_used":1')" ] || fail "status does not tell of it"
first=$(stat -c %i "$kept")
echo 0.0.0.0 new.example >>"$WORK/million.hosts"
reload
from_cache 1 "a list changed"
[ "$(code / new.example)" = 403 ] || fail "the changed list is not in force"
until_true 20 eval '[ "$(stat -c %i "$kept")" != "$first" ]' || fail "the image of the changed list is not kept"
is_kept
stop_dejunk || fail "exit status $?"

begin
from_cache 1 "a second start"
[ "$(code / new.example)" = 403 ] || fail "the cache of the changed list is not in force"
is_kept
stop_dejunk || fail "exit status $?"

# damaged in the middle, made by somebody else, something else altogether
printf '\0\1\2\3\4\5\6\7' | dd of="$kept" bs=1 seek=4000000 conv=notrunc status=none
begin
from_cache 0 "a damaged image"
grep -q 'cached rule image is not used: it is damaged' "$WORK/dejunk.log" || fail "the damage is not told"
gateway "$DEJUNK" status --json --run-dir "$WORK/run" | grep -q '"cache_bad":1' || fail "the damage is not counted"
is_kept
stop_dejunk || fail "exit status $?"
echo "no image at all" >"$kept"
begin
from_cache 0 "a foreign file"
is_kept
stop_dejunk || fail "exit status $?"
rm -f "$kept"
mkdir "$kept"
begin
from_cache 0 "a directory in its place"
stop_dejunk || fail "exit status $?"
begin --state-dir /proc/nowhere
grep -q /proc/nowhere "$WORK/dejunk.log" || fail "nobody says that nothing is kept"
stop_dejunk || fail "exit status $?"
say "ok"
