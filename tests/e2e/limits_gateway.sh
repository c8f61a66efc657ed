#!/bin/bash
# limits_gateway.sh - each limit of DNS, of the kernel's sets and of the control socket, reached by a client behind a
# gateway with the small limits of tests/limits/short: what was promised happens, it is counted, and said once
#
# limits: DNS_CLIENT_RATE DNS_CLIENT_BURST DNS_QUERIES DNS_HELD DNS_HOLD_MS CLIENTS CLIENT_PAIRS NAMED_HOSTS REFUSED_PAIRS
# limits: SUSPECTS DIRECT_SECONDS QUEUE_LENGTH QUEUE_COPY_BYTES CONTROL_CLIENTS CONTROL_MS COMPILE_MS SILENCE_MS
# limits: DIRECT_SERVERS RESTART_MS_MIN RESTART_MS_MAX
DEJUNK=${DEJUNK:-$(dirname "$0")/../../build/short/bin/dejunk}
export DEJUNK_SHORT_LIMITS=1
. "$(dirname "$0")/lib.sh"
limit() { sed -n "s/^LIMIT($1,[[:blank:]]*\([0-9]*\),.*/\1/p" "$REPO/build/short/limit_short.h"; }
# reached NAME - how often
reached() {
	gateway "$DEJUNK" status --json --run-dir "$WORK/run" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["limits_reached"].get(sys.argv[1], 0))' "$1"
}
was_reached() { [ "$(reached "$1")" -ge "${2:-1}" ]; }
said_once() {
	local n
	n=$(grep -c "$1" "$WORK/dejunk.log")
	[ "$n" = 1 ] || fail "\"$1\" was said $n times"
}
elements() { gateway nft -j list set inet dejunk "$1" | grep -o '"elem": {' | wc -l; }

topology
for i in $(seq 10 29); do ip -n "${ID}c" addr add "10.1.0.$i/24" dev lan; done
server ip route add local 198.18.0.0/16 dev lo	# every address of it is the server
start_www 80
background www2 server /usr/bin/python3 "$REPO/tests/e2e/www.py" 443
# a name server that gives nN.anything the address 198.18.1.N, and is silent about names that begin with s
cat >"$WORK/dnsd.py" <<'END2'
import re, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("203.0.113.2", 53))
seen = 0
while True:
    q, peer = s.recvfrom(65536)
    seen += 1
    if len(q) > 4096: print("long")
    print(seen, flush=True)
    m = re.match(rb"n(\d+)", q[13:])
    if m:
        s.sendto(q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" +
                 bytes([198, 18, 1, int(m[1])]), peer)
END2
# ask.py FIRST LAST DOMAIN [SOURCE]: all (with two more words, at once); prints how many were answered and the longest wait in ms
cat >"$WORK/ask.py" <<'END2'
import select, socket, sys, time
first, last, domain = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if len(sys.argv) == 5: s.bind((sys.argv[4], 0))
s.connect(("203.0.113.2", 53))
begin, answered, longest = time.perf_counter(), 0, 0
for i in range(first, last + 1):
    name = (b"s%d" if domain == b"silent" else b"n%d") % i
    s.send(bytes([i >> 8, i & 255]) + b"\1\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name +
           b"".join(bytes([len(l)]) + l for l in domain.split(b".")) + b"\0\0\1\0\1")
    if domain == b"blocked.example": time.sleep(0.03)       # these are to be learned, each of them
    elif i % 4 == 0 and len(sys.argv) < 6: time.sleep(0.002)
while answered <= last - first and select.select([s], [], [], 1)[0]:
    s.recv(512)
    answered += 1
    longest = time.perf_counter() - begin
print(answered, round(longest * 1000))
END2
# connect.py FIRST LAST PORT: how many addresses 198.18.1.N take a connection
cat >"$WORK/connect.py" <<'END2'
import socket, sys
passed = 0
for i in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
    c = socket.socket()
    c.settimeout(2)
    try:
        c.connect(("198.18.1.%d" % i, int(sys.argv[3])))
        passed += 1
    except OSError:
        pass
    c.close()
print(passed)
END2
ask() { client /usr/bin/python3 "$WORK/ask.py" "$@"; }
try() { client /usr/bin/python3 "$WORK/connect.py" "$@"; }
background dns server /usr/bin/python3 "$WORK/dnsd.py"
until_true 10 listens_udp s 53 || fail "the name server does not start"
rules <<END2
gateway: {lan: lan, workers: 1}
rules:
  - block: connections
    host: [blocked.example, a1.example, a2.example, a3.example, a4.example, a5.example]
END2
start_dejunk
said_once "named hosts\|NAMED_HOSTS\|hosts of rules.yaml\|resolved ahead"
# good - a client is served at once, filtered or not
good() { [ "$(client curl -s -m 1 http://203.0.113.3/x)" = "hello from /x" ] || fail "a good client is not served: $1"; }
good first

say "pairs: those that the full set does not take are decided in user space, the rest of the world is not touched"
pairs=$(limit REFUSED_PAIRS) suspects=$(limit SUSPECTS)
ask 1 "$suspects" blocked.example >/dev/null
[ "$(try 1 "$suspects" 443)" = 0 ] || fail "a blocked name beyond the full set of pairs was not refused"
[ "$(elements refused_hw4)" -le "$pairs" ] || fail "$(elements refused_hw4) pairs"
until_true 10 was_reached REFUSED_PAIRS || fail "REFUSED_PAIRS was not counted"
good "beside full sets"
say "suspects: beyond the full set the host is left to the Host header"
more=$((suspects + 3))
ask $((suspects + 1)) "$more" blocked.example >/dev/null
[ "$(elements suspect4)" -le "$suspects" ] || fail "$(elements suspect4) suspects"
until_true 10 was_reached SUSPECTS || fail "SUSPECTS was not counted"
[ "$(try "$more" "$more" 443)" = 1 ] || fail "an address that is not suspected was refused"
code=$(client curl -s -m 2 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' -H "Host: n$more.blocked.example" "http://198.18.1.$more/")
[ "$code" = 403 ] || fail "the Host header was answered $code"
said_once "limit REFUSED_PAIRS of"
said_once "limit SUSPECTS of"
say "pairs of one client: the one that expires first is forgotten"
ask 20 60 wanted.example >/dev/null
until_true 10 eval '[ "$(status names_evicted)" -gt 0 ]' || fail "names_evicted is 0"
said_once "learned names are forgotten"
good "beside forgotten names"

sleep 1
say "queries that wait for an answer: the oldest are forgotten"
# those that find the queue of QUEUE_LENGTH full, because its process had no CPU for some ms, pass unseen
n=$(limit DNS_QUERIES)
for try in 1 2 3 4; do
	ask 1 $((n + 20)) silent >/dev/null
	until_true 2 was_reached DNS_QUERIES 15 && break
done
was_reached DNS_QUERIES 15 || fail "DNS_QUERIES: $(reached DNS_QUERIES)"
said_once "limit DNS_QUERIES of"
sleep 1
read -r answered longest < <(ask 100 103 wanted.example)
[ "$answered" = 4 ] || fail "after that $answered of 4 were answered"
say "clients known by link-layer address"
for i in $(seq 10 $((10 + $(limit CLIENTS) + 3))); do ask 110 110 wanted.example "10.1.0.$i" >/dev/null; done
until_true 10 was_reached CLIENTS 3 || fail "CLIENTS: $(reached CLIENTS)"
said_once "limit CLIENTS of"

sleep 2
say "answers held at once, while the reader says nothing: released at once, or after their time"
late=$(status dns_late)
reader=$(role_pid reader)
kill -STOP "$reader"
read -r answered longest < <(ask 120 150 wanted.example)
kill -CONT "$reader"
[ "$answered" = 31 ] && [ "$longest" -lt 500 ] || fail "$answered of 31 answered, the last after $longest ms"
until_true 10 was_reached DNS_HELD || fail "DNS_HELD was not counted"
until_true 10 was_reached DNS_HOLD_MS || fail "DNS_HOLD_MS was not counted"
[ "$(status dns_late)" -gt "$late" ] || fail "dns_late did not grow"
said_once "limit DNS_HELD of"
said_once "limit DNS_HOLD_MS of"

sleep 2
say "a full queue passes what is more"
until_true 10 eval '[ "$(status armed)" = true ]' || fail "not armed"
seen=$(tail -n 1 "$WORK/dns.log")
queue=$(role_pid queue)
kill -STOP "$queue"
ask 1 60 silent at once >/dev/null &
asking=$!
passed() { echo $(($(tail -n 1 "$WORK/dns.log") - seen)); }	# those in the queue are lost with it
until_true 3 eval '[ "$(passed)" -ge $((60 - $(limit QUEUE_LENGTH) - 4)) ]' || fail "only $(passed) of 60 passed the full queue"
wait $asking
until_true 10 was_reached SILENCE_MS || fail "SILENCE_MS was not counted"
good "while the queue process is stopped"
until_true 8 eval '[ "$(status armed)" = true ]' || fail "not armed again"

say "a DNS packet too long to be copied passes"
client /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(3): s.sendto(b"\0\1\1\0\0\1" + b"x" * 5000, ("203.0.113.2", 53))'
long() { [ "$(grep -c long "$WORK/dns.log")" = 3 ]; }	# counted apart: the reader, too, asks this name server
until_true 10 long || fail "of 3 long packets $(grep -c long "$WORK/dns.log") passed"
until_true 10 was_reached QUEUE_COPY_BYTES 3 || fail "QUEUE_COPY_BYTES: $(reached QUEUE_COPY_BYTES)"

say "too many queries of one client pass unlearned"
sleep 2
seen=$(tail -n 1 "$WORK/dns.log") queries=$(status dns_queries)
burst=$(limit DNS_CLIENT_BURST)
ask 1 $((burst + 100)) silent >/dev/null
until_true 10 eval '[ "$(tail -n 1 "$WORK/dns.log")" -ge $((seen + burst + 100)) ]' || fail "queries over the rate were lost"
until_true 10 was_reached DNS_CLIENT_RATE 80 || fail "DNS_CLIENT_RATE: $(reached DNS_CLIENT_RATE)"
queries=$(($(status dns_queries) - queries))
[ "$queries" -ge "$burst" ] && [ "$queries" -le $((burst + 2 * $(limit DNS_CLIENT_RATE))) ] || fail "$queries queries were looked at"
said_once "limit DNS_CLIENT_RATE of"

say "an origin that could not be dialled is left to its clients for a time"
server nft -f - <<'END2'
table ip t { chain c { type filter hook input priority 0; ip daddr 203.0.113.9 tcp dport 80 reject with tcp reset; }; }
END2
code() { client curl -s -m 2 -o /dev/null -w '%{http_code}' http://203.0.113.9/; }
[ "$(code)" = 502 ] || fail "an origin that refuses is not answered 502"
[ "$(code)" = 000 ] || fail "after that its client is not left to itself"
sleep "$(limit DIRECT_SECONDS)"; sleep 0.5
[ "$(code)" = 502 ] || fail "the time is over, and it is still left to itself"
server nft add rule ip t c 'ip daddr 203.0.113.3-203.0.113.8 tcp dport 80 reject with tcp reset'
client curl -s -m 5 -Z -o /dev/null "http://203.0.113.[4-8]/"	# at once: more than the set takes
until_true 10 was_reached DIRECT_SERVERS || fail "DIRECT_SERVERS was not counted"
[ "$(elements direct4)" -le "$(limit DIRECT_SERVERS)" ] || fail "$(elements direct4) servers are left to their clients"
server nft delete table ip t
sleep "$(limit DIRECT_SECONDS)"

say "silent and many connections on the control socket"
gateway /usr/bin/python3 -c '
import socket, sys, time
held = []
for i in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); held.append(s)
begin = time.monotonic()
for s in held:
    s.settimeout(5)
    assert s.recv(10) == b""
print(time.monotonic() - begin)' "$WORK/run/control" "$(limit CONTROL_CLIENTS)" >"$WORK/control.log" &
control=$!
sleep 0.2
begin=$(date +%s%N)
gateway "$DEJUNK" status --run-dir "$WORK/run" >/dev/null || fail "status behind silent connections is not answered"
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt $(($(limit CONTROL_MS) + 800)) ] || fail "status took $took ms"
wait $control || fail "the silent connections were not closed"
until_true 10 was_reached CONTROL_MS "$(limit CONTROL_CLIENTS)" || fail "CONTROL_MS: $(reached CONTROL_MS)"
said_once "limit CONTROL_MS of"

say "a build that does not end"
cat >"$WORK/stop.py" <<'END2'
import os, signal, sys, time
monitor = sys.argv[1]
children = lambda: open("/proc/%s/task/%s/children" % (monitor, monitor)).read().split()
old, end = set(children()), time.monotonic() + 10
print("watching", flush=True)
while time.monotonic() < end:
    for pid in children():
        if pid not in old:
            os.kill(int(pid), signal.SIGSTOP)
            print("stopped", flush=True)
            sys.exit()
END2
background stop gateway /usr/bin/python3 "$WORK/stop.py" "$(role_pid monitor)"
until_true 10 grep -q watching "$WORK/stop.log"
begin=$(date +%s%N)
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 && fail "a reload that never built was called good"
took=$((($(date +%s%N) - begin) / 1000000))
grep -q stopped "$WORK/stop.log" || fail "the build was not stopped in time for this test"
[ $took -lt $(($(limit COMPILE_MS) + 800)) ] || fail "the reload took $took ms"
grep -q 'longer than the limit' "$WORK/reload.log" || fail "reload does not say why"
was_reached COMPILE_MS || fail "COMPILE_MS was not counted"
[ "$(status armed)" = true ] || fail "not armed with the old rules"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "the next reload"
good "after a reload"

say "a child that dies again and again is started again, at most so much later"
for i in 1 2 3 4 5 6 7; do
	old=$(role_pid reader)
	kill -9 "$old"
	until_true 10 eval 'pid=$(role_pid reader); [ "$pid" != 0 ] && [ "$pid" != "$old" ]' || fail "the reader was not started again ($i)"
done
until_true 10 eval '[ "$(status armed)" = true ]' || fail "not armed again"
good last
stop_dejunk || fail "exit status $?"
say "ok"
