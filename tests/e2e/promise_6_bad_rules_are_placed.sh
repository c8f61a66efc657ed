#!/bin/bash
# promise_6_bad_rules_are_placed.sh - DESIGN promise 6: a problem of rules.yaml or of a list is reported with file, line
# and column, with the line itself and a caret, by check, by reload and in the log; the running rules stay
. "$(dirname "$0")/lib.sh"
topology
start_www
good() { printf 'gateway: {lan: lan}\nrules:\n  - block: requests\n    url: "*/%s/*"\n' "$1" >"$WORK/rules.yaml"; }
code() { client curl -s -m 5 -o /dev/null -w '%{http_code}' "http://203.0.113.2/$1/x"; }
good one
start_dejunk
[ "$(code one)" = 403 ] || fail "the first rules are not in force"

# bad WHERE TEXT - rules.yaml is TEXT: the error is at WHERE (line:column), said thrice, and the old rules stay
bad() {
	local where=$1 out
	printf '%b' "$2" >"$WORK/rules.yaml"
	gateway "$DEJUNK" check "$WORK/rules.yaml" >"$WORK/check.log" 2>&1
	[ $? = 2 ] || fail "check of $2: exit status $?"
	: >"$WORK/dejunk.log"
	gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1
	[ $? = 2 ] || fail "reload of $2: exit status $?"
	for out in check reload dejunk; do
		grep -qF "$WORK/rules.yaml:$where: error: " "$WORK/$out.log" || fail "$2: $out does not say $where"
	done
	grep -A 2 -F "rules.yaml:$where: error: " "$WORK/check.log" | sed -n 3p | grep -q '^ *^$' || fail "$2: no caret"
	[ "$(code one)" = 403 ] || fail "$2: replaced good rules"
	[ "$(status armed)" = true ] || fail "$2: disarmed"
	tried=$((${tried:-0} + 1))
}
bad 1:1 'gatewy: {lan: lan}\n'
bad 2:3 'gateway:\n  lissen: 3129\n'
grep -q 'rules.yaml:2:3: .*listen' "$WORK/check.log" || fail "no suggestion for lissen"
bad 2:11 'gateway:\n  listen: 70000\n'
bad 3:3 'gateway:\n  lan: lan\n  lan: lan2\n'
bad 2:12 'rules:\n  - block: conections\n    host: x.example\n'
bad 3:11 'rules:\n  - block: connections\n    host: "x..example"\n'
bad 3:10 'rules:\n  - block: requests\n    url: "/(/"\n'
bad 3:11 'rules:\n  - block: images\n    size: 1x\n'
bad 3:14 'rules:\n  - block: connections\n    address: 300.1.2.3\n'
bad 2:5 'rules:\n  - block: connections\n'
bad 4:14 'rules:\n  - block: connections\n    host: x.example\n    between: "mon-fry 08:00-09:00"\n'
bad 3:12 'rules:\n  - block: connections\n    group: nobody\n'
bad 2:11 'lists:\n  - file: [a, b]\n'
bad 2:1 'rules:\n\t- block: connections\n'
# every error of a file, not the first alone
printf 'gateway: {lissen: 1}\nrules:\n  - blok: x\n  - block: requests\n    ulr: "*"\n' >"$WORK/rules.yaml"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1
for where in 1:11 3:5 5:5; do grep -q "rules.yaml:$where: error" "$WORK/reload.log" || fail "not all errors are shown: $where"; done

# lists: named by the line that asks for them; the others and the rules are in force
printf '<!DOCTYPE html>\n<html><body>404</body></html>\n' >"$WORK/page.txt"
printf '\n\n' >"$WORK/empty.txt"
printf 'listed.example\nbad..name\n' >"$WORK/good.txt"
cat >"$WORK/rules.yaml" <<'END'
gateway: {lan: lan}
lists:
  - file: missing.txt
  - file: page.txt
  - file: empty.txt
  - file: good.txt
rules:
  - block: requests
    url: "*/two/*"
END
: >"$WORK/dejunk.log"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "a bad list fails the reload: exit status $?"
for where in 3:11 4:11 5:11; do
	for out in reload dejunk; do grep -q "rules.yaml:$where: warning: list " "$WORK/$out.log" || fail "$out does not warn at $where"; done
done
gateway "$DEJUNK" check "$WORK/rules.yaml" >"$WORK/check.log" 2>&1 || fail "warnings fail the check"
grep -q '^good.txt: .* 1 names, 1 invalid' "$WORK/check.log" || fail "check does not count the invalid line"
[ "$(code two)" = 403 ] || fail "the rules beside bad lists are not in force"
[ "$(client curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Host: listed.example' http://203.0.113.2/)" = 403 ] || fail "the good list is not in force"
say "$tried kinds of errors"
