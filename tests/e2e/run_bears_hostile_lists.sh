#!/bin/bash
# run_bears_hostile_lists.sh - ten million lines, lines of a million characters, regular expressions that take for ever, zeros, random
# bytes: each build ends within bounds of time and memory and what is good in it is in force; one that runs out of memory fails with
# that reason, and the old rules stay
# limits: COMPILE_MIB
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<'END'
gateway: {lan: lan, workers: 1}
rules:
  - block: requests
    url: "*/old/*"
END
start_dejunk
code() { client curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "http://203.0.113.2$1" ${2:+-H "Host: $2"}; }
compiler() { compile=$(pgrep -P "${pid_of[dejunk]}" -f "dejunk: compile"); }
# the most memory a compile process had, in MiB, while $reload ran
peak() {
	local kib most=0
	while kill -0 "$reload" 2>/dev/null; do
		compiler && kib=$(sed -n 's/^VmHWM:[[:blank:]]*\([0-9]*\).*/\1/p' "/proc/${compile%%[[:space:]]*}/status" 2>/dev/null)
		[ "${kib:-0}" -gt $most ] && most=$kib
		sleep 0.02
	done
	peak=$((most / 1024))
}
# use LIST NAME - a reload with it: takes less than a minute, and blocks NAME
use() {
	local begin=${EPOCHREALTIME/./}
	cat >"$WORK/rules.yaml" <<END
gateway: {lan: lan, workers: 1}
lists:
  - file: $1
rules:
  - block: requests
    url: "*/$1/*"
END
	ip netns exec "${ID}g" "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 &
	reload=$!
	peak
	wait $reload || fail "$1: reload exits with $?"
	until_true 20 eval '! compiler' || fail "$1: the compile process does not end"	# it may write its cache
	say "$1: $(stat -c %s "$WORK/$1") bytes in force after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms, $peak MiB at most"
	[ "$(code "/$1/x")" = 403 ] || fail "$1: the new rules are not in force"
	[ -z "${2:-}" ] || [ "$(code / "$2")" = 403 ] || fail "$1: the good line is not in force"
}
cd "$WORK" || fail "no directory"
/usr/bin/python3 - <<'END'
import random
random.seed(4)
with open("millions", "w") as f:
    for i in range(10_000_000):
        f.write("0.0.0.0 n%d.example\n" % i)
with open("long", "w") as f:
    f.write("0.0.0.0 good.example\n" * 3)
    for c in "a.", "0.0.0.0 ", "||a^$domain=b|", "/(a+)+$/", "*", "x" * 60 + ".":
        f.write(c * (1_000_000 // len(c)) + "\n")
    f.write("0.0.0.0 after.example\n")
with open("bombs", "w") as f:
    f.write("! Title: bombs\n||good.example^\n")
    for bomb in "(a+)+$", "(a|aa)+$", "(.*)*(.*)*(.*)*x", "((((((a?){30}){30}){30}){30}){30})", "a{1,65535}{1,65535}", "(?R)*", "(" * 2000 + "a" + ")" * 2000, "[a-z]{60000}" * 50:
        for i in range(300):
            f.write("/%s%d/\n" % (bomb, i))
    f.write("||after.example^\n")
with open("zeros", "wb") as f:
    f.write(b"0.0.0.0 good.example\n" * 1001 + b"\0" * 20_000_000 + b"\n0.0.0.0 \0evil.example\n0.0.0.0 after.example\n")
with open("noise", "wb") as f:
    f.write(b"0.0.0.0 good.example\n" * 1001 + random.randbytes(20_000_000) + b"\n0.0.0.0 after.example\n")
END
cd / || exit 1
use millions n9999999.example
# image and input; the issue's bound for what a build may take
input=$(stat -c %s "$WORK/millions") image=$(gateway "$DEJUNK" status --json --run-dir "$WORK/run" | grep -o '"image_bytes":[0-9]*' | cut -d: -f2)
[ $peak -le $((3 * (input + ${image:-130000000}) / 1048576)) ] || fail "ten million lines take $peak MiB"
use long after.example
[ $peak -le 100 ] || fail "long lines take $peak MiB"
use zeros after.example
use noise after.example
use bombs
[ $peak -le 200 ] || fail "bombs take $peak MiB"

# the limit is there; at a smaller one, which all inherit, the build fails and says so
cp "$WORK/rules.yaml" "$WORK/bombs.yaml"
sed -i 's/file: .*/file: millions/; s/bombs/new/' "$WORK/rules.yaml"
ip netns exec "${ID}g" "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 &
reload=$!
until_true 10 compiler || fail "no compile process is seen"
compiler
limit() { grep -q '^Max address space *2147483648 ' "/proc/$compile/limits"; }
until_true 5 limit || fail "the compile process may take $(grep 'address space' "/proc/$compile/limits")"
[ "$(cat "/proc/$compile/oom_score_adj")" = 1000 ] || fail "a build is not the first to go where memory runs out"
wait $reload || fail "reload: exit $?"
stop_dejunk || fail "exit status $?"
mv "$WORK/rules.yaml" "$WORK/new.yaml"
mv "$WORK/bombs.yaml" "$WORK/rules.yaml"
: >"$WORK/armed"
FILES="4096 --as=200000000"
start_dejunk
mv "$WORK/new.yaml" "$WORK/rules.yaml"
rm -f "$WORK/state/rules.image"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1
[ $? = 2 ] || fail "a build without memory must fail"
grep -q 'out of memory' "$WORK/reload.log" || fail "the reload does not say why it failed: $(cat "$WORK/reload.log")"
[ "$(code /bombs/x)" = 403 ] || fail "the old rules do not stay"
[ "$(code /new/x)" != 403 ] || fail "new rules are in force"
[ "$(status armed)" = true ] || fail "not armed after a build without memory"
stop_dejunk || fail "exit status $?"
say "ok"
