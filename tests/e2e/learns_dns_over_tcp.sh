#!/bin/bash
# learns_dns_over_tcp.sh - what is answered over TCP port 53 is learned before the client has it: however the stream is cut,
# two questions at once, a connection that was there before; both families, and a resolver on the gateway.  Nothing is held up
. "$(dirname "$0")/lib.sh"
topology
server ip route add local 198.51.100.0/24 dev lo	# every address of it is the server
start_www 443
command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
# answers LAST.blocked.example and LAST.wanted.example with 203.0.113.LAST, "far." with 198.51.100.LAST; "empty." with nothing, "flood." with answers without end; "cut." is sent byte by byte, "zone." is 20 MB
cat >"$WORK/dnsd.py" <<'END2'
import socket, struct, threading, time
def answer(q):
    labels, at = [], 12
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode())
        at += 1 + q[at]
    ip = (b"\xc6\x33\x64" if labels[0] == "far" else b"\xcb\0\x71") + bytes([int(labels[-3])])
    if labels[0] == "empty":
        return labels[0], q[:2] + b"\x81\x80\0\1\0\0\0\0\0\0" + q[12:at + 5]
    return labels[0], q[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + q[12:at + 5] + b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4" + ip
def serve(c):
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buf = b""
    while True:
        got = c.recv(65536)
        if not got:
            return
        buf += got
        out, how = b"", ""
        while len(buf) >= 2 and len(buf) >= 2 + struct.unpack(">H", buf[:2])[0]:
            n = struct.unpack(">H", buf[:2])[0]
            how, a = answer(buf[2:2 + n])
            buf = buf[2 + n:]
            if how == "zone":
                a = a + b"\0" * (8000 - len(a))
                out += (struct.pack(">H", len(a)) + a) * 2500
            else:
                out += struct.pack(">H", len(a)) + a
        while how == "flood":
            c.sendall((b"\0\x0c\0\1\x81\x80" + bytes(8)) * 4000)
        if how == "cut":
            for i in range(len(out)):
                c.send(out[i:i + 1])
                time.sleep(0.002)
        else:
            c.sendall(out)
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 53))
s.listen(16)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END2
# ask.py SERVER NAME... - all questions in one segment; prints how many answers came.  With a file as $HOLD: connect, wait for it
cat >"$WORK/ask.py" <<'END2'
import os, socket, struct, sys, time
c = socket.create_connection((sys.argv[1], 53), 10)
c.settimeout(30)
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
hold = os.environ.get("HOLD")
if hold:
    open(hold + ".connected", "w").close()
    while not os.path.exists(hold):
        time.sleep(0.05)
out = b""
for i, name in enumerate(sys.argv[2:]):
    q = struct.pack(">HHHHHH", 77 + i, 0x100, 1, 0, 0, 0) + \
        b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\1\0\1"
    out += struct.pack(">H", len(q)) + q
if os.environ.get("SPLIT"):         # the length alone, then the rest
    c.send(out[:2])
    time.sleep(0.05)
    out = out[2:]
c.sendall(out)
want = 2500 if sys.argv[2].startswith("zone") else len(sys.argv) - 2
buf, got = b"", 0
while got < want:
    b = c.recv(1 << 16)
    if not b:
        break
    buf += b
    while len(buf) >= 2 and len(buf) >= 2 + struct.unpack(">H", buf[:2])[0]:
        buf = buf[2 + struct.unpack(">H", buf[:2])[0]:]
        got += 1
print(got)
END2
# race.py SERVER [empty] - 50 blocked names, each connected to as soon as its answer came; prints how many connections were refused
# empty: a second question goes along, and its answer, which has no addresses, comes behind the other in one segment
cat >"$WORK/race.py" <<'END2'
import socket, struct, sys
c = socket.create_connection((sys.argv[1], 53), 10)
c.settimeout(30)
def question(id, first, last):
    q = struct.pack(">HHHHHH", id, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(l)]) + l for l in (first, last, b"blocked", b"example")) + b"\0\0\1\0\1"
    return struct.pack(">H", len(q)) + q
refused, pair, net = 0, len(sys.argv) > 2, len(sys.argv) > 2 and 100 or 0
for i in range(1 + net, 51 + net):
    last = str(i).encode()
    c.sendall(question(i, b"far", last) + (question(1000 + i, b"empty", last) if pair else b""))
    c.recv(4096)
    try:
        socket.create_connection(("198.51.100.%d" % i, 443), 0.7)	# before its SYN is sent again
    except ConnectionRefusedError:
        refused += 1
    except OSError:
        pass
print(refused)
END2
start_dnsd listens
printf '%s\n' no-resolv no-hosts bind-interfaces user=root log-facility=- "pid-file=$WORK/dnsmasq.pid" \
	address=/blocked.example/203.0.113.9 >"$WORK/dnsmasq.conf"
background resolver gateway dnsmasq -k -C "$WORK/dnsmasq.conf"
until_true 10 listens g 53 || fail "the name server on the gateway does not start"
rules <<'END2'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
END2
# a connection from before
HOLD=$WORK/go client /usr/bin/python3 "$WORK/ask.py" 203.0.113.2 8.blocked.example >"$WORK/before.log" &
pids+=($!)
before=$!
until_true 10 test -e "$WORK/go.connected" || fail "no connection to the name server"
start_dejunk

ask() { # COUNT SERVER NAME...
	local want=$1 got
	shift
	got=$(client /usr/bin/python3 "$WORK/ask.py" "$@")
	[ "$got" = "$want" ] || fail "$*: $got answers, not $want"
}

reached 203.0.113.3 "before anybody asked"
ask 1 203.0.113.2 3.blocked.example
refused 203.0.113.3 "one answer"
SPLIT=1 ask 1 203.0.113.2 cut.4.blocked.example
refused 203.0.113.4 "a question in two segments, the length first, and an answer byte by byte"
ask 3 2001:db8:2::2 5.blocked.example 6.wanted.example 7.blocked.example
refused 203.0.113.5 "the first of three answers"
reached 203.0.113.6 "a wanted name"
refused 203.0.113.7 "the last of three answers"
touch "$WORK/go"
wait $before
refused 203.0.113.8 "a connection from before"
[ "$(client dig +tcp +short +tries=1 +time=5 @10.1.0.1 blocked.example)" = 203.0.113.9 ] || fail "the resolver on the gateway does not answer"
refused 203.0.113.9 "a resolver on the gateway"
# the answer waits for the sets: none of the connections that follow it at once is missed
for how in "" empty; do
	got=$(client /usr/bin/python3 "$WORK/race.py" 203.0.113.2 $how)
	late=$(status dns_late)
	[ $((got + ${late:-0})) -ge 50 ] || fail "$got of 50 connections were refused that followed an answer at once ($how; ${late:-0} answers were late)"
done
# a server that sends answers without end keeps nobody else's from being learned
client /usr/bin/python3 - <<'END2' &
import socket
c = socket.create_connection(("203.0.113.2", 53), 10)
c.settimeout(20)
q = b"\0\1\1\0\0\1\0\0\0\0\0\0\5flood\0016\6wanted\7example\0\0\1\0\1"
c.sendall(bytes([0, len(q)]) + q)
while c.recv(1 << 20):
    pass
END2
flood=$!
pids+=($flood)
sleep 1
for i in 60 61 62 63 64; do
	reached 198.51.100.$i "before anybody asked"
	ask 1 203.0.113.2 far.$i.blocked.example
	refused 198.51.100.$i "an answer during a flood"
done
kill $flood
# what fills the queue passes
ask 2500 203.0.113.2 zone.6.wanted.example
reached 203.0.113.6 "a wanted name"
