#!/bin/bash
# answers_in_time_when_short.sh - many clients take all the descriptors there are, faster than the monitor asks, and keep them: good
# ones, on new connections and on those they keep, over both families, get their answers in under a second
#
# The proxy says at once that it is short, the lease goes, and what is new flows directly; accepted in the meantime are those for
# which the last tenth is there.
. "$(dirname "$0")/lib.sh"
topology
for i in {10..29}; do
	ip -n "${ID}c" addr add "10.1.0.$i/24" dev lan
	ip -n "${ID}c" addr add "fd01::$i/64" dev lan nodad preferred_lft 0
done
# a server that takes the flood, too
server sysctl -qw net.core.somaxconn=4096
background load-server server /usr/bin/python3 "$REPO/tests/e2e/upgrade_load.py" serve 80
until_true 10 listens s 80 || fail "the server does not start"
rules <<'END'
gateway: {lan: lan, workers: 1}
rules:
  - block: requests
    url: "*/ads/*"
END
FILES=2000 start_dejunk
cat >"$WORK/good.py" <<'END'
import socket, sys, time
def get(s):
    s.sendall(b"GET /small HTTP/1.1\r\nHost: h\r\n\r\n")
    got = b""
    while not got.endswith(b"\r\n\r\nhello\n"):
        more = s.recv(4096)
        assert more, "no answer"
        got += more
    assert got.startswith(b"HTTP/1.1 200"), got
kept = {a: socket.create_connection((a, 80), 9) for a in ("203.0.113.2", "2001:db8:2::2")}
for s in kept.values():
    get(s)
took = {"new": [], "kept": []}
print("begin", flush=True)
end = time.monotonic() + 6
while time.monotonic() < end:
    for a in kept:
        begin = time.monotonic()
        with socket.create_connection((a, 80), 9) as s:
            get(s)
        new = time.monotonic()
        get(kept[a])
        took["new"].append(new - begin)
        took["kept"].append(time.monotonic() - new)
    time.sleep(0.01)
for what, t in took.items():
    t.sort()
    print(what, len(t), "answers, median %.0f ms, at most %.0f ms" % (t[len(t) // 2] * 1000, t[-1] * 1000))
END
cat >"$WORK/flood.py" <<'END'
import selectors, socket, sys, time
held, i = [], 0
for i in range(3000):        # as fast as they come, from 40 addresses
    v6 = i % 2
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)
    s.setblocking(False)
    n = 10 + i // 2 % 20
    s.bind((("fd01::%d" if v6 else "10.1.0.%d") % n, 0))
    s.connect_ex(("2001:db8:2::3" if v6 else "203.0.113.3", 80))
    held.append(s)
print("flood", flush=True)
time.sleep(5)
END
background good client /usr/bin/python3 "$WORK/good.py"
until_true 5 grep -q begin "$WORK/good.log" || fail "good clients get no answer"
background flood client /usr/bin/python3 "$WORK/flood.py"
wait "${pid_of[good]}" || fail "a good client got no answer"
say "$(tail -n 2 "$WORK/good.log" | tr '\n' ';')"
grep -q 'not armed: proxy 0 is short of descriptors' "$WORK/dejunk.log" || fail "descriptors did not run short"
awk '/at most/ && $9 >= 1000 { exit 1 }' "$WORK/good.log" || fail "a good client waited for a second or longer"
stop_dejunk || fail "exit status $?"
say "ok"
