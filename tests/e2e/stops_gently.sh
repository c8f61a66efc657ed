#!/bin/bash
# stops_gently.sh - SIGTERM: the lease is withdrawn at once and new connections flow directly, none is refused; what is under way
# over either family goes on to its end, what is quiet is closed, what lasts too long is reset; a second SIGTERM ends at once
#
# limits: STOP_MS DRAIN_IDLE_MS
SHORT=$(cd "$(dirname "$0")/../.." && pwd)/build/short/bin/dejunk
. "$(dirname "$0")/lib.sh"
topology
background load-server server /usr/bin/python3 "$REPO/tests/e2e/upgrade_load.py" serve 80
until_true 10 listens s 80 || fail "the server does not start"
rules <<END
gateway: {lan: lan, workers: 2}
rules:
  - block: requests
    url: "*/ads/*"
END
ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
code() { client curl -gs -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "http://$1/ads/1"; }
lease() { gateway nft list set inet dejunk lease 2>/dev/null | grep -q expires; }
gone() { ! kill -0 "${pid_of[dejunk]}" 2>/dev/null; }
# download NAME URL [CURL OPTION...] - in the background, its length and curl's exit status in NAME.got
download() {
	local name=$1 url=$2
	shift 2
	{ client curl -gs -m 60 "$@" "$url" | wc -c; echo "${PIPESTATUS[0]}"; } >"$WORK/$name.got" &
	pids+=($!)
	pid_of[$name]=$!
}
got() { tr '\n' ' ' <"$WORK/$1.got"; }

start_dejunk
[ "$(code 203.0.113.2)" = 403 ] && [ "$(code '[2001:db8:2::2]')" = 403 ] || fail "it does not filter"
download four http://203.0.113.2/slow/400000/3
download six "http://[2001:db8:2::2]/open/400000/3"
# a connection without a request, and one that has one every 0.1 s for two seconds
cat >"$WORK/kept.py" <<'END'
import socket, sys, time
def ask(s):
    s.sendall(b"GET /small HTTP/1.1\r\nHost: ok.example\r\n\r\n")
    got = b""
    while not got.endswith(b"hello\n"):
        more = s.recv(4096)
        if not more: sys.exit("closed before the answer")
        got += more
s, quiet = (socket.create_connection((sys.argv[1], 80)) for _ in range(2))
ask(s); ask(quiet)
print("ready", flush=True)
for _ in range(20):
    ask(s)
    time.sleep(0.1)
quiet.settimeout(0.01)
print("quiet", quiet.recv(1), flush=True)
END
background kept4 client /usr/bin/python3 "$WORK/kept.py" 203.0.113.2
background kept6 client /usr/bin/python3 "$WORK/kept.py" 2001:db8:2::2
until_true 5 grep -q ready "$WORK/kept4.log" && until_true 5 grep -q ready "$WORK/kept6.log" || fail "no connection"
until_true 5 eval '[ "$(status connections)" -ge 8 ]' || fail "the downloads do not begin"
# new connections, one after the other, all the while: at first answered by dejunk, then by the server
cat >"$WORK/fresh.py" <<'END'
import socket, sys, time
filtered = direct = n = 0
while n < 400:
    n += 1
    with socket.create_connection((sys.argv[1 + n % 2], 80), 5) as s:
        s.sendall(b"GET /ads/1 HTTP/1.1\r\nHost: ok.example\r\nConnection: close\r\n\r\n")
        status = s.recv(4096).split(b" ")[1]
    if status == b"403": filtered += 1
    elif status == b"200": direct += 1
    else: sys.exit(repr(status))
    if n == 1: print("begin", flush=True)
    time.sleep(0.003)
print(filtered, "filtered", direct, "direct")
END
background fresh client /usr/bin/python3 "$WORK/fresh.py" 203.0.113.2 2001:db8:2::2
until_true 5 grep -q begin "$WORK/fresh.log" || fail "no new connection is answered"
begin=$(ms)
kill -TERM "${pid_of[dejunk]}"
until_true 1 eval '! lease' || fail "the lease is not withdrawn"
say "the lease is withdrawn $(($(ms) - begin)) ms after SIGTERM"
[ "$(code 203.0.113.2)" = 200 ] && [ "$(code '[2001:db8:2::2]')" = 200 ] || fail "new connections do not flow directly"
gone && fail "it did not wait for what was under way"
wait "${pid_of[fresh]}" || fail "a new connection failed: $(cat "$WORK/fresh.log")"
grep -q '^[1-9][0-9]* filtered [1-9][0-9]* direct$' "$WORK/fresh.log" || fail "new connections: $(cat "$WORK/fresh.log")"
for i in kept4 kept6; do
	wait "${pid_of[$i]}" || fail "$i: exit $?"
	grep -qx "quiet b''" "$WORK/$i.log" || fail "$i: the quiet connection was not closed"
done
wait "${pid_of[four]}" "${pid_of[six]}"
[ "$(got four)" = "400000 0 " ] && [ "$(got six)" = "400000 0 " ] || fail "downloads: $(got four), $(got six)"
wait "${pid_of[dejunk]}" || fail "exit status $?"
say "ended after $(($(ms) - begin)) ms, with downloads of 3 s under way; new connections: $(tail -n 1 "$WORK/fresh.log")"
grep -q ': killed\|was killed' "$WORK/dejunk.log" && fail "a process had to be killed"
gateway nft list tables | grep -q dejunk && fail "the table is left behind"

# a second SIGTERM ends at once; nothing under way ends at once, too
start_dejunk
download again http://203.0.113.2/slow/4000000/30
until_true 5 eval '[ "$(status connections)" -ge 1 ]' || fail "the download does not begin"
kill -TERM "${pid_of[dejunk]}"
until_true 1 eval '! lease' || fail "the lease is not withdrawn"
begin=$(ms)
stop_dejunk || fail "two SIGTERM: exit status $?"
[ $(($(ms) - begin)) -lt 2000 ] || fail "a second SIGTERM took $(($(ms) - begin)) ms"
wait "${pid_of[again]}"
start_dejunk
begin=$(ms)
stop_dejunk || fail "exit status $?"
say "ended after $(($(ms) - begin)) ms, with nothing under way"
[ $(($(ms) - begin)) -lt 3000 ] || fail "with nothing under way the end took $(($(ms) - begin)) ms"

# with small limits: what lasts longer is reset, so that nobody takes a part without a length for the whole
[ -x "$SHORT" ] || fail "there is no $SHORT"
DEJUNK=$SHORT
export DEJUNK_SHORT_LIMITS=1
limit() { sed -n "s/^LIMIT($1,[[:blank:]]*\([0-9]*\),.*/\1/p" "$REPO/build/short/limit_short.h"; }
start_dejunk
download part http://203.0.113.2/open/4000000/30
until_true 5 eval '[ "$(status connections)" -ge 1 ]' || fail "the download does not begin"
begin=$(ms)
stop_dejunk || fail "exit status $?"
took=$(($(ms) - begin))
wait "${pid_of[part]}"
[ $took -ge "$(limit STOP_MS)" ] && [ $took -le $(($(limit STOP_MS) + 1900)) ] || fail "with $(limit STOP_MS) ms to end it took $took ms"
grep -q ' 56 $' <<<"$(got part)" || fail "a download that was cut short: $(got part)"
grep -q '1 connections are reset' "$WORK/dejunk.log" || fail "nobody says that a connection was reset"
say "ok"
