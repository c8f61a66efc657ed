#!/bin/bash
# run_steps_aside_when_short.sh - descriptors run short: the lease goes before accepting stops, new connections flow directly,
# established ones go on, the log says so once and it is counted; at 70 percent it is armed again.
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<'END'
gateway: {lan: lan, workers: 1}
rules:
  - block: requests
    url: "*/ads/*"
END
ulimit -n 400 || skip "descriptors cannot be limited"
start_dejunk
# opens connections until told to stop, keeps the first busy, prints what it saw
cat >"$WORK/hold.py" <<'END'
import socket, sys, time
def get(s):
    s.sendall(b"GET /size/10 HTTP/1.1\r\nHost: h\r\n\r\n")
    got = b""
    while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < 10:
        more = s.recv(4096)
        if not more:
            break
        got += more
    return got.startswith(b"HTTP/1.1 200")
held = []
ok = 0
for i in range(230):    # towards the limit not faster than the heartbeat can see it coming
    s = socket.create_connection(("203.0.113.2", 80), 5)
    s.settimeout(5)
    held.append(s)
    ok += get(s)
    if i >= 150:
        time.sleep(0.05)
print("answered", ok, flush=True)
time.sleep(4)
print("again", sum(get(s) for s in held[:40]), flush=True)
for s in held:
    s.close()
time.sleep(30)
END
background hold client /usr/bin/python3 "$WORK/hold.py"
until_true 30 grep -q answered "$WORK/hold.log" || fail "connections are not answered"
grep -q 'answered 230' "$WORK/hold.log" || fail "some connections were lost: $(cat "$WORK/hold.log")"
until_true 5 grep -q 'not armed: proxy 0 is short' "$WORK/dejunk.log" || fail "the log does not say that the proxy is short"
client curl -s -m 3 -o /dev/null http://203.0.113.3/ || fail "new connections do not flow directly"
[ "$(status overloads)" = 1 ] || fail "overloads: $(status overloads)"
until_true 15 grep -q again "$WORK/hold.log" || fail "established connections stopped"
grep -q 'again 40' "$WORK/hold.log" || fail "established connections were lost: $(cat "$WORK/hold.log")"
until_true 10 eval '[ "$(status armed)" = true ]' || fail "not armed again after the connections ended"
[ "$(grep -c 'is short of' "$WORK/dejunk.log")" = 1 ] || fail "said more than once"
code=$(client curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://203.0.113.2/ads/x)
[ "$code" = 403 ] || fail "after that an ad was answered $code"
stop_dejunk || fail "exit status $?"
say "ok"
