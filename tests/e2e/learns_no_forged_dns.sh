#!/bin/bash
# learns_no_forged_dns.sh - only an answer to a question seen from that client within the last seconds is learned: one
# with another id, one to another question, a second one, one from elsewhere, and one that comes too late refuse nothing;
# neither do TCP segments of somebody who sees nothing of the connection, but for the answer all of it
. "$(dirname "$0")/lib.sh"
topology
start_www 443
# a name server that misbehaves as the first label asked for says; 203.0.113.7 is what it wants refused
cat >"$WORK/dnsd.py" <<'END'
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("203.0.113.2", 53))
def wire(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"
def answer(id, name, ip):
    return struct.pack(">HHHHHH", id & 65535, 0x8180, 1, 1, 0, 0) + wire(name) + b"\0\1\0\1" + \
        b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4" + socket.inet_aton(ip)
while True:
    q, peer = s.recvfrom(512)
    id, = struct.unpack(">H", q[:2])
    labels, at = [], 12
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode())
        at += 1 + q[at]
    name = ".".join(labels)
    say = lambda i, n, ip: s.sendto(answer(i, n, ip), peer)
    if labels[0] == "wrongid":
        say(id + 1, name, "203.0.113.7")
    elif labels[0] == "wrongname":
        say(id, "other.blocked.example", "203.0.113.7")
    elif labels[0] == "twice":
        say(id, name, "203.0.113.3")
        time.sleep(0.05)
        say(id, name, "203.0.113.7")
    elif labels[0] == "late":
        time.sleep(5.5)
        say(id, name, "203.0.113.7")
    elif labels[0] == "elsewhere":
        o = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        o.bind(("203.0.113.3", 53))
        o.sendto(answer(id, name, "203.0.113.7"), peer)
        o.close()
    elif labels[0] == "honest":
        say(id, name, "203.0.113.7")
END
# over TCP: before the answer, segments whose sender guessed the ports and the id, but has no sequence number
cat >"$WORK/tcp.py" <<'END'
import random, socket, struct, sys, time
SYN, RST, PSH, ACK = 2, 4, 8, 16
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("203.0.113.2", 53))
s.listen(4)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def checksum(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack(f"!{len(data) // 2}H", data))
    n = (n & 65535) + (n >> 16)
    return ~(n + (n >> 16)) & 65535
def forge(src, dst, sport, dport, flags, seq, data):
    a, b = socket.inet_aton(src), socket.inet_aton(dst)
    tcp = lambda c: struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, 1, 80, flags, 65535, c, 0)
    c = checksum(a + b + struct.pack("!BBH", 0, 6, 20 + len(data)) + tcp(0) + data)
    raw.sendto(struct.pack("!BBHHHBBH4s4s", 69, 0, 40 + len(data), 0, 0, 64, 6, 0, a, b) + tcp(c) + data, (dst, 0))
while True:
    c, (client, port) = s.accept()
    q = c.recv(512)[2:]
    def answer(last):
        a = q[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + q[12:] + b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4" + \
            bytes([203, 0, 113, last])
        return struct.pack(">H", len(a)) + a
    if b"forged" in q:
        for n in range(64):
            seq = n * 0x04000000 + random.randrange(0x04000000)
            forge("203.0.113.2", client, 53, port, PSH | ACK, seq, answer(7))
            forge("203.0.113.2", client, 53, port, SYN | ACK, seq, b"")
            forge("203.0.113.2", client, 53, port, PSH | ACK, seq + 1, answer(7))
            forge("203.0.113.2", client, 53, port, SYN, seq, b"")
            forge("203.0.113.2", client, 53, port, PSH | ACK, seq + 1, answer(7))
    c.sendall(answer(5 if b"forged" in q else 6))
    c.recv(1)
    c.close()
END
cat >"$WORK/ask.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[3])))
s.connect(("203.0.113.2", 53))
s.settimeout(float(sys.argv[2]))
s.send(b"\x12\x34\1\0\0\1\0\0\0\0\0\0" +
       b"".join(bytes([len(l)]) + l.encode() for l in sys.argv[1].split(".")) + b"\0\0\1\0\1")
got = 0
try:
    while True:
        s.recv(512)
        got += 1
except socket.timeout:
    pass
print(got)
END
start_dnsd
background tcp server /usr/bin/python3 "$WORK/tcp.py"
until_true 10 listens s 53 || fail "the name server over TCP does not start"
rules <<'END'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
END
start_dejunk

# ask LABEL ANSWERS SECONDS PORT - a question, and how many answers arrive: nothing of it is ever kept from the client
ask() {
	local got
	got=$(client /usr/bin/python3 "$WORK/ask.py" "$1.blocked.example" "$3" "$4")
	[ "$got" = "$2" ] || fail "$1: $got answers arrived, not $2"
}

ask wrongid 1 0.3 40001
reached 203.0.113.7 "an answer with another id"
ask wrongname 1 0.3 40002
reached 203.0.113.7 "an answer to another question"
ask twice 2 0.3 40003
refused 203.0.113.3 "the first of two answers"
reached 203.0.113.7 "a second answer"
ask elsewhere 0 0.3 40006
reached 203.0.113.7 "an answer from another address"
for _ in 1 2 3; do
	[ "$(client dig +tcp +noedns +short +tries=1 +time=5 @203.0.113.2 forged.blocked.example)" = 203.0.113.5 ] || fail "no answer over TCP"
done
reached 203.0.113.7 "segments of somebody else's"
refused 203.0.113.5 "what the server itself answered over TCP"
ask late 1 6.5 40004
reached 203.0.113.7 "an answer that came too late"
# the same from the same server, honestly: it is the checks above that kept it out
ask honest 1 0.3 40005
refused 203.0.113.7 "an honest answer"
