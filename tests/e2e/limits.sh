#!/bin/bash
# limits.sh - one client's connections are bounded; when connections run short the lease is withdrawn, new traffic
# flows directly, what is under way goes on, and the lease comes back; each is said once
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<'END'
gateway: {lan: lan, workers: 1}
rules:
  - block: requests
    url: "*/ads/*"
END
FILES=1200 start_dejunk
cat >"$WORK/hog.py" <<'END'
import socket, sys, time
# many addresses of one machine: each below the limit of a client, together above the limit of the proxy
socks = []
for i in range(int(sys.argv[1])):
    s = socket.socket(); s.bind(("10.1.0.%d" % (10 + i % 40), 0)); s.settimeout(3)
    try: s.connect(("203.0.113.2", 80))
    except OSError: continue
    s.sendall(b"GET /x HTTP/1.1\r\nHost: h\r\n"); socks.append(s)
print("holding", len(socks), flush=True)
time.sleep(float(sys.argv[2]))
END
for i in $(seq 10 49); do ip -n "${ID}c" addr add "10.1.0.$i/24" dev lan; done
[ "$(ulimit -n)" -ge 3000 ] || ulimit -n 3000 || skip "descriptors are short here"
background hog client /usr/bin/python3 "$WORK/hog.py" 1400 6
until_true 20 grep -q holding "$WORK/hog.log" || fail "the hog did not start"
disarmed() { [ "$(status armed)" = false ]; }
until_true 3 disarmed || fail "the lease was not withdrawn"
# filtered or not, a good client is served, quickly
for i in 1 2 3; do
	[ "$(client curl -s -m 2 http://203.0.113.2/x)" = "hello from /x" ] || fail "a good client is not served beside the hog"
done
grep -qi 'withdraw\|overload\|short' "$WORK/dejunk.log" || fail "the log does not tell of the shortage"
kill "${pid_of[hog]}"
until_true 15 sh -c "[ \"\$(ip netns exec ${ID}c curl -s -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://203.0.113.2/ads/x)\" = 403 ]" ||
	fail "filtering did not come back"
