#!/bin/bash
# reloads_lose_no_request.sh - twenty reloads with big lists under full traffic: no request fails, none is decided by half of the rules;
# a request that waits for its answer keeps the rules it began with, the next one on its connection has the new ones; no process
# keeps more images than it may
. "$(dirname "$0")/lib.sh"
lists="$SHARED/data/lists"
[ -r "$lists/easylist.txt.xz" ] && [ -r "$lists/hagezi-pro-2025.domains.xz" ] || skip "no lists in $lists"
command -v xz >/dev/null || skip "xz is not installed"
topology
start_www
for i in easylist.txt hagezi-pro-2025.domains; do xz -dc "$lists/$i.xz" >"$WORK/$i" || fail "cannot unpack $i"; done
blocked=$(grep -vm 1 '^#' "$WORK/hagezi-pro-2025.domains")

# a server that answers when it is told to, with a cookie
cat >"$WORK/slow.py" <<'END'
import os, socket, sys, threading, time
def serve(c):
    stream = c.makefile("rb")
    while True:
        path = b""
        while (line := stream.readline()) not in (b"\r\n", b""):
            path = path or line.split(b" ")[1]
        if not path:
            return
        if path == b"/wait":
            print("waiting", flush=True)
            while not os.path.exists(sys.argv[1]):
                time.sleep(0.02)
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nSet-Cookie: junk=1\r\nSet-Cookie: good=1\r\n\r\nok\n")
s = socket.create_server(("203.0.113.3", 8080))
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
background slow server /usr/bin/python3 "$WORK/slow.py" "$WORK/go"
until_true 10 listens s 8080 || fail "the slow server does not start"

# write_rules ONE THE_COOKIE_THAT_IS_BLOCKED - the lists in another order each time, so that none of it is taken from the cache
write_rules() {
	cat >"$WORK/rules.yaml" <<END
gateway: {lan: lan, workers: 2, http_ports: [80, 8080]}
lists:
  - file: $([ $(($1 % 2)) = 0 ] && echo easylist.txt || echo hagezi-pro-2025.domains)
  - file: $([ $(($1 % 2)) = 0 ] && echo hagezi-pro-2025.domains || echo easylist.txt)
rules:
  - block: requests
    url: "*/ads/*"
  - block: cookies
    name: "$2"
  - block: requests
    url: "*/generation/$1"
END
}
write_rules 0 junk
start_dejunk
code() { client curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "http://203.0.113.2$1" ${2:+-H "Host: $2"}; }
[ "$(code / "$blocked")" = 403 ] || fail "the list is not in force"
images() { grep -c 'memfd:dejunk-rules' "/proc/$1/maps" 2>/dev/null; }
files() { find "/proc/${pid_of[dejunk]}/fd" -mindepth 1 | wc -l; }
files=$(files)
counted=yes
if ! head -n 1 "/proc/$(role_pid proxy)/maps" >/dev/null 2>&1; then
	counted=
	say "this machine does not let root look into a process: its images are not counted"
fi

mkfifo "$WORK/hold"
ip netns exec "${ID}c" /usr/bin/python3 "$REPO/tests/e2e/reload_load.py" 203.0.113.2 www.wanted.example <"$WORK/hold" >"$WORK/load.log" 2>&1 &
load=$!
pids+=($load)
exec 7>"$WORK/hold"
# two requests on one connection: the first is asked under the old rules and answered under the new ones
ip netns exec "${ID}c" curl -s -m 120 -D "$WORK/waited" -o /dev/null http://203.0.113.3:8080/wait --next -s -m 60 -D "$WORK/next" -o /dev/null \
	-w '%{num_connects}' http://203.0.113.3:8080/now >"$WORK/connects" &
waiting=$!
pids+=($waiting)
until_true 10 grep -q waiting "$WORK/slow.log" || fail "the slow server was not asked"

most=0
for i in {1..20}; do
	write_rules $i good
	begin=${EPOCHREALTIME/./}
	gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "reload $i: exit $?"
	say "reload $i under traffic: $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
	[ "$(code "/generation/$i")" = 403 ] || fail "reload $i is not in force"
	[ "$(code "/generation/$((i - 1))")" = 200 ] || fail "the rules before reload $i are still in force"
	for pid in $(gateway pgrep -P "${pid_of[dejunk]}") "${pid_of[dejunk]}"; do
		n=$(images "$pid") && [ "$n" -gt $most ] && most=$n
	done
	kill -0 $load 2>/dev/null || fail "the load ended"
done
[ -z "$counted" ] || { [ "$most" -ge 1 ] && [ "$most" -le 5 ]; } || fail "$most images in one process"

touch "$WORK/go"
wait $waiting || fail "the request that waited: curl says $?"
grep -qi 'set-cookie: good' "$WORK/waited" || fail "the request that waited lost a cookie that its rules let be"
grep -qi 'set-cookie: junk' "$WORK/waited" && fail "the request that waited was decided by rules that came after it"
grep -qi 'set-cookie: junk' "$WORK/next" || fail "the next request was decided by the rules that were in force before it"
grep -qi 'set-cookie: good' "$WORK/next" && fail "the next request was not decided by the new rules"
[ "$(cat "$WORK/connects")" = 0 ] || fail "the next request had a connection of its own"

exec 7>&-
wait $load || fail "the load: exit $?"
say "$(tail -n 1 "$WORK/load.log")"
grep -q '^requests [0-9]\{3,\} failed 0$' "$WORK/load.log" || fail "requests failed"
[ "$(code / "$blocked")" = 403 ] || fail "the list is not in force at the end"
for pid in $(gateway pgrep -P "${pid_of[dejunk]}"); do
	one() { [ -z "$counted" ] || [ "$(images "$pid")" -le 1 ]; }
	until_true 10 one || fail "process $pid keeps $(images "$pid") images when nothing is under way"
done
same() { [ "$(files)" -le "$files" ]; }
until_true 10 same || fail "the monitor has $(files) descriptors open, $files at the start"
stop_dejunk || fail "exit status $?"
say "ok"
