#!/bin/bash
# upgrades_cut_nothing.sh - reload --exec ten times under every kind of traffic over both families: nothing is refused, cut or
# wrong, the lease never lapses, a blocked host stays refused, the pid stays; binaries that do not run, or not with these
# rules, change nothing; old processes end, and no descriptor is left
. "$(dirname "$0")/lib.sh"
topology
start_www 443
start_dns address=/ads.example/203.0.113.5 address=/ads.example/2001:db8:2::5 address=/ok.example/203.0.113.6
background load-server server /usr/bin/python3 "$REPO/tests/e2e/upgrade_load.py" serve 80
until_true 10 listens s 80 || fail "the server does not start"
write_rules() {
	rules <<-END
	gateway: {lan: lan, workers: 2, probe: "127.0.0.1:1100"$([ $1 -lt 5 ] || echo ', exempt: [10.1.0.200]')}
	rules:
	  - block: connections
	    host: ads.example
	  - block: connections
	    address: 203.0.113.192/26
	  - block: requests
	    url: "*/ads/*"
	  - block: requests
	    url: "*/generation/$1"
	END
}
write_rules 0

# a binary of its own place, to be replaced; and one of another version
mkdir "$WORK/bin" && cp -r "$REPO/nft" "$WORK/nft" && cp "$DEJUNK" "$WORK/bin/one" || fail "no room"
"$DEJUNK" version | grep -q 'dejunk [0-9.]*$' || fail "no version to be changed"
/usr/bin/python3 - "$("$DEJUNK" version | sed 's/dejunk //')" "$WORK/bin/one" "$WORK/bin/two" <<'END'
import sys
old = sys.argv[1].encode()
new = old[:-1] + (b"9" if old[-1:] != b"9" else b"8")
binary = open(sys.argv[2], "rb").read()
open(sys.argv[3], "wb").write(binary.replace(old + b"\0", new + b"\0").replace(old + b'"', new + b'"'))
END
chmod 755 "$WORK/bin/two"
# another file each time, as a package manager does it: the running one is not written to
put() { cp "$1" "$WORK/bin/new" && chmod 755 "$WORK/bin/new" && mv "$WORK/bin/new" "$WORK/bin/dejunk"; }
DEJUNK=$WORK/bin/dejunk
put "$WORK/bin/one"
start_dejunk
monitor=${pid_of[dejunk]}
DEJUNK=$WORK/bin/one		# for who asks
code() { client curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "http://203.0.113.2$1"; }
roles() { gateway "$DEJUNK" status --json --run-dir "$WORK/run" | /usr/bin/python3 -c '
import json, sys
print(*sorted(r["pid"] for r in json.load(sys.stdin)["roles"]))'; }
upgrade() { gateway "$DEJUNK" reload --exec --run-dir "$WORK/run" "$@" >"$WORK/upgrade.log" 2>&1; }

# what the client resolved once is refused from then on
client curl -s -m 5 -o /dev/null http://ads.example:443/ && fail "a blocked host answers"
refused 203.0.113.5 "before the first upgrade"
until_true 5 eval '[ "$(status refused_syns)" -ge 1 ]' || fail "nothing was refused"
cat >"$WORK/refused.py" <<'END'
import socket, sys, time
tries = 0
while True:
    for address in sys.argv[1:]:
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        s.settimeout(5)
        tries += 1
        if s.connect_ex((address, 443)) != 111:
            print("not refused:", address, "in try", tries, flush=True)
        s.close()
    print("tries", tries, flush=True)
    time.sleep(0.02)
END
client getent ahosts ads.example >/dev/null
client curl -gs -m 5 -o /dev/null "http://[2001:db8:2::5]:443/" && fail "a blocked host answers over IPv6"
background refused client /usr/bin/python3 "$WORK/refused.py" 203.0.113.5 2001:db8:2::5 203.0.113.200
cat >"$WORK/lease.py" <<'END'
import json, subprocess, time
least = 9
while True:
    text = subprocess.run(["nft", "-j", "list", "set", "inet", "dejunk", "lease"], capture_output=True, text=True).stdout
    elements = [e["elem"] for x in json.loads(text or '{"nftables":[]}')["nftables"] if "set" in x for e in x["set"].get("elem", [])]
    if len(elements) != 2:
        print("lapsed:", text, flush=True)
    least = min([least] + [e["expires"] for e in elements])
    print("least", least, flush=True)
    time.sleep(0.1)
END
background lease gateway /usr/bin/python3 "$WORK/lease.py"

# names are resolved all the while: no question or answer is lost in the queues
cat >"$WORK/resolve.py" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("203.0.113.2", 53))
s.settimeout(3)
asked, longest = 0, 0
while True:
    asked += 1
    name = b"n%d" % asked
    begin = time.perf_counter()
    s.send(bytes([asked >> 8 & 255, asked & 255]) + b"\1\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name + b"\3ads\7example\0\0\1\0\1")
    try:
        s.recv(4096)
    except socket.timeout:
        print("lost: question", asked, flush=True)
    longest = max(longest, time.perf_counter() - begin)
    print("asked", asked, "longest", round(longest * 1000), "ms", flush=True)
    time.sleep(0.01)
END
background resolve client /usr/bin/python3 "$WORK/resolve.py"

mkfifo "$WORK/hold"
ip netns exec "${ID}c" /usr/bin/python3 "$REPO/tests/e2e/upgrade_load.py" load 80 ok.example 203.0.113.2 2001:db8:2::2 <"$WORK/hold" >"$WORK/load.log" 2>&1 &
load=$!
pids+=($load)
exec 7>"$WORK/hold"
sleep 1
files() { find "/proc/$monitor/fd" -mindepth 1 | wc -l; }
files=$(files)

took=()
for i in {1..10}; do
	write_rules $i
	[ $((i % 2)) = 0 ] && put "$WORK/bin/one" || put "$WORK/bin/two"
	before=$(roles)
	begin=${EPOCHREALTIME/./}
	upgrade || fail "upgrade $i: exit $?"
	took+=($(((${EPOCHREALTIME/./} - begin) / 1000)))
	[ "$(status version)" = "$("$WORK/bin/dejunk" version | sed 's/dejunk //')" ] || fail "upgrade $i: another version runs"
	[ "$(status pid)" = $monitor ] || fail "upgrade $i: another process"
	[ "$(readlink /proc/$monitor/fd/0)" = /dev/null ] || fail "upgrade $i: the standard input is $(readlink /proc/$monitor/fd/0)"
	[ "$(status armed)" = true ] || fail "upgrade $i: not armed"
	[ $i -lt 5 ] || gateway nft list chain inet dejunk spare_client | grep -q 'jump spared' || fail "upgrade $i: exempt clients are not asked for"
	[ "$(code "/generation/$i")" = 403 ] || fail "upgrade $i: the rules are not in force"
	for pid in $before; do
		[ "$pid" = $monitor ] || ! grep -qw "$pid" <<<"$(roles)" || fail "upgrade $i: process $pid is still in its place"
	done
	# and a binary that does not do
	before=$(roles)
	case $i in
	2) echo "not a program" >"$WORK/bin/bad"; put "$WORK/bin/bad" ;;
	3) put /bin/false ;;
	4) rm -f "$WORK/bin/dejunk" ;;
	5) sed 's/dejunk handover /dejunk handovex /' "$WORK/bin/one" >"$WORK/bin/bad"; put "$WORK/bin/bad" ;;
	6) put "$WORK/bin/one"; echo "  - block: nonsense" >>"$WORK/rules.yaml" ;;
	7) head -c 200000 "$WORK/bin/one" >"$WORK/bin/bad"; put "$WORK/bin/bad" ;;
	*) continue ;;
	esac
	upgrade
	[ $? = 1 ] || fail "a binary that does not do ($i): exit status $?"
	grep -q 'the old binary goes on' "$WORK/upgrade.log" || fail "($i): nobody says that the old binary goes on"
	[ $i != 6 ] || grep -q 'rules.yaml:[0-9]*:' "$WORK/upgrade.log" || fail "the error in the rules is not placed"
	say "$(head -n 1 "$WORK/upgrade.log" | tr -d '\0' | cut -c 1-160)"
	[ "$(roles)" = "$before" ] || fail "($i): other processes"
	[ "$(status armed)" = true ] || fail "($i): not armed"
	kill -0 $load 2>/dev/null || fail "the load ended"
done
put "$WORK/bin/one"
upgrade --json || fail "reload --exec --json: exit $?"
grep -q '^{"ok":true,"version":"[0-9.]*","warnings":""}$' "$WORK/upgrade.log" || fail "reload --exec --json says: $(cat "$WORK/upgrade.log")"
say "upgrades under traffic, ms: ${took[*]}"
gateway "$DEJUNK" status --run-dir "$WORK/run" | grep -q '^ending ' || fail "the status does not name the old processes that still serve"

exec 7>&-
wait $load || fail "the load: exit $?"
say "direct: $(gateway nft list table inet dejunk | grep -A6 'set direct' | tr -d '\n\t'), $(status dial_failures) dials failed"
say "$(tail -n 1 "$WORK/load.log")"
grep -q '^requests [0-9]\{3,\} downloads [0-9]\{2,\} echoes [0-9]\{2,\} failed 0$' "$WORK/load.log" || fail "something failed"
say "refused: $(tail -n 1 "$WORK/refused.log"); lease: $(tail -n 1 "$WORK/lease.log") s"
grep -q 'not refused' "$WORK/refused.log" && fail "a blocked host was not refused"
say "names: $(tail -n 1 "$WORK/resolve.log"); $(status dns_unasked) answers unlearned, $(status queue_lost) packets lost"
grep -q lost "$WORK/resolve.log" && fail "a question or an answer was lost"
grep -q lapsed "$WORK/lease.log" && fail "the lease lapsed"
grep -q 'not armed:' "$WORK/dejunk.log" && fail "it was not armed for a while"
grep -q 'pid [0-9]*) was killed\|: killed' "$WORK/dejunk.log" && fail "a process had to be killed"

alone() { [ "$(pgrep -P $monitor | wc -l)" = 5 ]; }
until_true 10 alone || fail "old processes do not end: $(gateway "$DEJUNK" status --run-dir "$WORK/run")"
same() { [ "$(files)" -le "$files" ]; }
until_true 10 same || fail "the monitor has $(files) descriptors open, $files at the start"
sum=$(status connections)
[ "$sum" -ge 100 ] && [ "$sum" -ge "$(awk '{ print $4 }' <<<"$(tail -n 1 "$WORK/load.log")")" ] || fail "$sum connections counted: those of old processes are lost"
gateway "$DEJUNK" probe >/dev/null || fail "the probe does not answer"
stop_dejunk || fail "exit status $?"
[ -z "$(ls "$WORK/run")" ] || fail "left in the run directory: $(ls "$WORK/run")"
gateway nft list tables | grep -q dejunk && fail "the table is left behind"
say "ok"
