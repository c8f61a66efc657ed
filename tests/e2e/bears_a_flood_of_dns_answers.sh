#!/bin/bash
# bears_a_flood_of_dns_answers.sh - a server that was asked one question and answers without end has no more than its
# client's rate of answers read, and what another client is answered meanwhile is learned before its connection
#
# limits: DNS_CLIENT_RATE DNS_CLIENT_BURST
. "$(dirname "$0")/lib.sh"
topology
ip -n "${ID}c" addr add 10.1.0.3/24 dev lan
ip -n "${ID}c" -6 addr add fd01::3/64 dev lan nodad
server ip route add local 198.18.0.0/16 dev lo	# every address of it is the server
start_www 443
# 203.0.113.2 gives each name an address of its own; who asks 203.0.113.3 or 2001:db8:2::3 is answered for SECONDS
cat >"$WORK/dnsd.py" <<'END'
import select, socket, threading, time
SECONDS = 2.5
def answer(q, ip):
    return q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + ip
def flood(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 53))
    q, peer = s.recvfrom(512)
    end, sent = time.monotonic() + SECONDS, 0
    open(f"begun{4 if family == socket.AF_INET else 6}", "w").close()
    while time.monotonic() < end:
        for _ in range(50):
            s.sendto(answer(sent.to_bytes(4, "big")[2:] + q[2:], bytes([203, 0, 113, 9])), peer)
            sent += 1
        time.sleep(0.005)
    print("flooded", sent, flush=True)
for family, address in (socket.AF_INET, "203.0.113.3"), (socket.AF_INET6, "2001:db8:2::3"):
    threading.Thread(target=flood, args=(family, address)).start()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("203.0.113.2", 53))
n = 0
while True:
    q, peer = s.recvfrom(512)
    n += 1
    s.sendto(answer(q, bytes([198, 18, n >> 8, n & 255])), peer)
END
# asks for a name and connects to what it is told, without a pause, for so many seconds; prints how many answers came, and how
# many connections passed
cat >"$WORK/race.py" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.1.0.2", 0))
s.connect(("203.0.113.2", 53))
s.settimeout(2)
passed = answers = 0
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    s.send(bytes([answers >> 8, answers & 255]) + b"\1\0\0\1\0\0\0\0\0\0" + b"\5n%04d\7blocked\7example\0" % answers + b"\0\1\0\1")
    ip = socket.inet_ntoa(s.recv(512)[-4:])
    answers += 1
    c = socket.socket()
    c.bind(("10.1.0.2", 0))
    c.settimeout(2)
    try:
        c.connect((ip, 443))
        passed += 1
    except ConnectionRefusedError:
        pass
    c.close()
    time.sleep(0.02)
print(answers, passed)
END
cat >"$WORK/ask.py" <<'END'
import socket
for source, server in ("10.1.0.3", "203.0.113.3"), ("fd01::3", "2001:db8:2::3"):
    s = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 4053))
    s.sendto(b"\0\0\1\0\0\1\0\0\0\0\0\0\4evil\7blocked\7example\0\0\1\0\1", (server, 53))
END
rules <<'END'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
END
cd "$WORK" || exit 2
start_dnsd
start_dejunk
limit() { sed -n "s/^LIMIT($1,[[:blank:]]*\([0-9]*\),.*/\1/p" "$REPO/daemon/tbl/limit.h"; }
begun() { [ -e "$WORK/begun4" ] && [ -e "$WORK/begun6" ]; }
client /usr/bin/python3 "$WORK/ask.py"
until_true 5 begun || fail "the server was not asked"
read -r answers passed < <(client /usr/bin/python3 "$WORK/race.py" 2)
until_true 20 eval '[ "$(grep -c flooded "$WORK/dns.log")" = 2 ]' || fail "the flood does not end"
late=$(status dns_late) unasked=$(status dns_unasked)
sent=$(awk '/flooded/ { n += $2 } END { print n }' "$WORK/dns.log")
say "$sent answers nobody asked for, of them $unasked read; meanwhile $answers asked for, $late late, $passed connections passed"
[ "$answers" -ge 5 ] || fail "only $answers questions were answered beside the flood"
# a slow machine may need more than the 20 ms, and says so
[ "$passed" -le "${late:-0}" ] || fail "$passed of $answers connections passed right after their answer, $late were late"
# two addresses of clients were flooded for 2.5 s; a slow machine, for longer
bound=$((2 * ($(limit DNS_CLIENT_BURST) + 5 * $(limit DNS_CLIENT_RATE))))
[ "$sent" -gt $((bound / 2)) ] || skip "this machine cannot flood: $sent answers"
[ "$unasked" -le $bound ] || fail "$unasked of $sent answers were read, more than $bound"
until_true 5 eval '[ "$(gateway nft list counter inet dejunk dns_over_rate | sed -n "s/.*packets \([0-9]*\) .*/\1/p")" -gt 0 ]' ||
	fail "answers over the rate are not counted"
gateway "$DEJUNK" status --run-dir "$WORK/run" --json | grep -q DNS_CLIENT_RATE || fail "status does not say that DNS_CLIENT_RATE was reached"
