#!/bin/bash
# every_verb_speaks_json.sh - "firewall" and "run", too, answer with one object on one line where --json is given, and say in it
# what went wrong
. "$(dirname "$0")/lib.sh"
topology
rules <<END
gateway: {lan: lan, workers: 1}
rules: []
END
# is STATUS WANTED WORDS...: the verb's exit status, and what Python says of its answer r
is() {
	local status=$1 wanted=$2 code
	shift 2
	gateway "$DEJUNK" "$@" >"$WORK/out" 2>"$WORK/err"
	code=$?
	[ $code = "$status" ] || fail "$*: exit status $code: $(cat "$WORK/out" "$WORK/err")"
	[ "$(wc -l <"$WORK/out")" = 1 ] || fail "$*: not one line: $(cat "$WORK/out")"
	/usr/bin/python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); assert eval(sys.argv[2]), r' "$WORK/out" "$wanted" ||
		fail "$*: $(cat "$WORK/out")"
}
is 0 'r["ok"] and r["command"].startswith("nft -D listen=3129 ")' firewall show --json -c "$WORK/rules.yaml"
is 0 'r["ok"] and r["interfaces"] == ["lan"]' firewall lan --json -c "$WORK/rules.yaml"
is 0 'r == {"ok": True}' firewall load --json -c "$WORK/rules.yaml"
gateway nft list table inet dejunk >/dev/null || fail "the table is not loaded"
is 0 'r == {"ok": True}' firewall unload --json
gateway nft list table inet dejunk >/dev/null 2>&1 && fail "the table is still there"
is 2 'not r["ok"] and r["error"]' firewall load --json -c "$WORK/there-is-none"
DEJUNK_NFT=$WORK/rules.yaml is 2 'not r["ok"] and r["error"]' firewall load --json -c "$WORK/rules.yaml"
background run gateway "$DEJUNK" run --json -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state"
until_true 20 grep -qx '{"armed":true}' "$WORK/run.log" || fail "run --json does not say that it is armed"
say "ok"
