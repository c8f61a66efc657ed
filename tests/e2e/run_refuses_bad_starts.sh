#!/bin/bash
# run_refuses_bad_starts.sh - what cannot work ends with status 2, one clear line, and nothing armed: broken rules, a port
# or a queue that somebody has (named), a second instance, no nft program, no privileges, unknown verbs and options.
. "$(dirname "$0")/lib.sh"
topology
rules <<END
gateway: {lan: lan, probe: "127.0.0.1:1100"}
END
run() { timeout 20 ip netns exec "${ID}g" "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state" "$@"; }
# refused WHAT PATTERN COMMAND... - exit status 2, and the pattern in what it says
refused() {
	local what=$1 pattern=$2 code
	shift 2
	"$@" >"$WORK/out.log" 2>&1
	code=$?
	[ $code = 2 ] || fail "$what: exit status $code"
	grep -q -- "$pattern" "$WORK/out.log" || fail "$what: does not say \"$pattern\""
	grep -qx armed "$WORK/out.log" && fail "$what: armed"
	gateway nft list tables | grep -q dejunk && fail "$what: the table is left behind"
	[ ! -e "$WORK/run/pid" ] || [ -n "${KEEP_PID:-}" ] || fail "$what: the pid file is left behind"
}

background holder gateway /usr/bin/python3 -c 'import socket,time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.bind(("", 3129)); s.listen(); time.sleep(60)'
until_true 5 listens g 3129 || fail "no holder"
refused "port taken" "port 3129 is taken by python3 (pid ${pid_of[holder]})" run
kill "${pid_of[holder]}"
wait "${pid_of[holder]}" 2>/dev/null

background holder gateway /usr/bin/python3 -c 'import socket,time
s = socket.socket(); s.bind(("127.0.0.1", 1100)); s.listen(); time.sleep(60)'
until_true 5 listens g 1100 || fail "no holder"
refused "probe taken" "127.0.0.1:1100 is taken by python3 (pid ${pid_of[holder]})" run
kill "${pid_of[holder]}"
wait "${pid_of[holder]}" 2>/dev/null

# a netfilter queue, bound by the bare netlink messages (nfnetlink_queue: NFQA_CFG_CMD, bind)
background holder gateway /usr/bin/python3 -c 'import socket,struct,time
s = socket.socket(16, 3, 12); s.bind((0, 0))
cmd = struct.pack("=HHBBH", 8, 1, 1, 0, 0)
body = struct.pack("=BBH", 0, 0, socket.htons(5381)) + cmd
s.send(struct.pack("=IHHII", 16 + len(body), 3 << 8 | 2, 5, 1, 0) + body); time.sleep(60)'
if until_true 5 gateway grep -q '^ *5381 ' /proc/net/netfilter/nfnetlink_queue; then
	refused "queue taken" "queue 5381 is taken by python3 (pid ${pid_of[holder]})" run
else
	say "no netfilter queue could be bound: that case was left out"
fi
kill "${pid_of[holder]}"
wait "${pid_of[holder]}" 2>/dev/null

mv "$WORK/rules.yaml" "$WORK/good.yaml"
refused "no rules file" "rules.yaml" run
printf 'gateway: {listen: yes}\nrules:\n  - blok: x\n' >"$WORK/rules.yaml"
refused "broken rules" "rules.yaml:3:5: error" run
grep -q 'rules.yaml:1:' "$WORK/out.log" || fail "broken rules: only one of the errors was reported"
mv "$WORK/good.yaml" "$WORK/rules.yaml"

refused "no table file" "firewall table could not be loaded" env DEJUNK_NFT=/nonexistent ip netns exec "${ID}g" \
	"$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state"
# what takes chains out of the table belongs to it: with one too many, web traffic would stop when dejunk is not there
mkdir "$WORK/nft" && cp "$REPO/nft/dejunk.nft" "$WORK/nft/"
refused "half a table" "reset/dejunk-without-early.nft: No such file" env "DEJUNK_NFT=$WORK/nft/dejunk.nft" ip netns exec "${ID}g" \
	"$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state"
refused "no privileges" "must run as root" setpriv --reuid 65534 --clear-groups "$DEJUNK" run -c "$WORK/rules.yaml"
refused "no capability" "CAP_NET_ADMIN" setpriv --bounding-set -net_admin --inh-caps -net_admin \
	"$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state"
refused "unknown verb" "unknown verb" "$DEJUNK" frobnicate
refused "unknown option" "usage: dejunk run" "$DEJUNK" run --frobnicate
refused "operand" "usage: dejunk status" "$DEJUNK" status now
refused "child by hand" "for dejunk itself" "$DEJUNK" child proxy

start_dejunk
code=0
run >"$WORK/out.log" 2>&1 || code=$?
[ $code = 2 ] || fail "second instance: exit status $code"
grep -q "another dejunk (pid $(cat "$WORK/run/pid"))" "$WORK/out.log" || fail "second instance: is not named"
[ "$(status armed)" = true ] || fail "the first instance suffered"
stop_dejunk || fail "exit status $?"
say "ok"
