#!/bin/bash
# limits_rules.sh - each limit of rules.yaml and of lists, reached with the small limits of tests/limits/short: an error
# or a warning with the number, and the rest stays in force
#
# limits: RULES RULES_FILE_BYTES LIST_BYTES LIST_NAMES LISTS LIST_LINE_BYTES GROUPS RULES_VALUES REGEX_PATTERN_BYTES
# limits: WORKERS IMAGE_BYTES
DEJUNK=${DEJUNK:-$(dirname "$0")/../../build/short/bin/dejunk}
. "$(dirname "$0")/lib.sh"
[ -x "$DEJUNK" ] || skip "there is no $DEJUNK"
limit() { sed -n "s/^LIMIT($1,[[:blank:]]*\([0-9]*\),.*/\1/p" "$REPO/build/short/limit_short.h"; }
# hosts N - lines N names long
hosts() { seq -f 'h%g.example' 1 "$1"; }
# some N BEFORE AFTER - BEFORE i AFTER for i in 1..N, a line each
some() { local i; for ((i = 1; i <= $1; i++)); do printf '%s%d%s\n' "$2" "$i" "$3"; done; }
# good | bad STATUS TEXT - what check says of standard input
check() {
	cat >"$WORK/rules.yaml"
	"$DEJUNK" check "$WORK/rules.yaml" >"$WORK/check.log" 2>&1
}
good() { check || fail "$1: not good"; }
bad() {
	check
	[ $? = 2 ] || fail "$1: status is not 2"
	grep -q "error: .*$2" "$WORK/check.log" || fail "$1: the error does not say \"$2\""
	[ "$(grep -c 'error: ' "$WORK/check.log")" = 1 ] || fail "$1: more than one error"
}
left_out() {
	check || fail "$1: not good"
	grep -q "warning: .*left out: .*$2" "$WORK/check.log" || fail "$1: no warning with \"$2\""
	"$DEJUNK" explain wanted.example -c "$WORK/rules.yaml" 2>/dev/null | grep -qi block || fail "$1: the rest is not in force"
}

n=$(limit RULES)
{ echo rules:; some "$n" '  - {block: connections, host: h' '.example}'; } | good "as many rules as may be"
{ echo rules:; some $((n + 5)) '  - {block: connections, host: h' '.example}'; } | bad "rules" "too many rules; expected at most $n"
n=$(limit RULES_FILE_BYTES)
{ printf '#%*s\n' $((n - 12)) ''; echo 'rules: []'; } | good "a file as long as may be"
{ printf '#%*s\n' "$n" ''; echo 'rules: []'; } | bad "a long file" "larger than $n bytes"
n=$(limit GROUPS)
{ echo groups:; some "$n" '  g' ': [10.0.0.1]'; } | good "as many groups as may be"
{ echo groups:; some $((n + 1)) '  g' ': [10.0.0.1]'; } | bad "groups" "too many groups; expected at most $n"
n=$(limit RULES_VALUES)
{ echo rules:; echo '  - block: connections'; echo '    host:'; hosts "$n" | sed 's/^/    - /'; } |
	bad "values" "more than $n values"
# aliases count as what they stand for
{ echo rules:; echo '  - block: connections'; echo "    host: &h [$(hosts 40 | paste -sd,)]"
	for i in 1 2 3 4 5 6 7; do echo '  - block: cookies'; echo '    host: *h'; done; } | bad "aliases" "more than $n values"
n=$(limit REGEX_PATTERN_BYTES)
x=$(printf '%*s' $((n + 1)) '' | tr ' ' x)
{ echo rules:; echo "  - {block: requests, url: \"/${x:1}/\"}"; } | good "a long regular expression"
{ echo rules:; echo "  - {block: requests, url: \"/$x/\"}"; } | bad "a longer one" "longer than $n bytes"
n=$(limit WORKERS)
echo "gateway: {workers: $n}" | good "workers"
echo "gateway: {workers: $((n + 1))}" | bad "too many workers" "expected 1 to $n"

echo wanted.example >"$WORK/one.txt"
n=$(limit LISTS)
{ echo lists:; yes '  - file: one.txt' | head -n "$n"; } | good "lists"
{ echo lists:; yes '  - file: one.txt' | head -n $((n + 1)); } | bad "too many lists" "too many lists; expected at most $n"
n=$(limit LIST_BYTES)
hosts 8000 >"$WORK/long.txt"
[ "$(stat -c %s "$WORK/long.txt")" -gt "$n" ] || fail "the list is not long"
printf 'lists:\n  - file: one.txt\n  - file: long.txt\n' | left_out "a long list" "larger than $n bytes"
n=$(limit LIST_NAMES)
hosts $((n / 2)) >"$WORK/half.txt"
hosts "$n" | sed 's/^/other-/' >"$WORK/many.txt"
printf 'lists:\n  - file: one.txt\n  - file: half.txt\n  - file: many.txt\n' | left_out "too many names" "more than $n names"
"$DEJUNK" explain h1.example -c "$WORK/rules.yaml" 2>/dev/null | grep -qi block || fail "the list before it is not in force"
hosts "$n" >"$WORK/most.txt"
printf 'lists:\n  - file: most.txt\n' | bad "an image too large" "cannot write the rule image: larger than $(limit IMAGE_BYTES) bytes"
n=$(limit LIST_LINE_BYTES)
{ echo before.example; printf '%*s\n' $((n + 1)) '' | tr ' ' x; echo wanted.example; } >"$WORK/line.txt"
printf 'lists:\n  - file: line.txt\n' | good "a long line"
grep -q ' 1 invalid' "$WORK/check.log" || fail "a line that is too long is not counted"
"$DEJUNK" explain wanted.example -c "$WORK/rules.yaml" 2>/dev/null | grep -qi block || fail "the line after it is not in force"
say "ok"
