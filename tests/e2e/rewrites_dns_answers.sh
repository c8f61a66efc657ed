#!/bin/bash
# rewrites_dns_answers.sh - ech: strip takes the keys for encrypted server names out of HTTPS records, over UDP and TCP, and nothing
# else; doh: refuse denies the canary and relay names and blocks the resolvers of a list.  In a TCP stream answers that come in
# one segment are each rewritten, one that comes in pieces passes, and the connection goes on
. "$(dirname "$0")/lib.sh"
topology
start_www 443
# name.KIND: "https" has an HTTPS record with ech, "plain" one without; all others 203.0.113.3.  Over TCP answers to questions of one
# segment leave in one; those for "cut." in two halves
cat >"$WORK/dnsd.py" <<'END'
import socket, struct, threading, time
ECH = b"\0\5\0\x28" + b"k" * 40
def record(kind, name, qtype):
    if kind in ("https", "plain") and qtype == 65:
        data = b"\0\1\0" + b"\0\1\0\3\2h2" + b"\0\4\0\4\xcb\0\x71\4" + (ECH if kind == "https" else b"")
        return b"\xc0\x0c\0\x41\0\1\0\0\1\x2c" + struct.pack(">H", len(data)) + data
    return b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xcb\0\x71\3" if qtype == 1 else b""
def answer(q):
    labels, at = [], 12
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode().lower())
        at += 1 + q[at]
    end = at + 5
    r = record(labels[0], labels, struct.unpack(">H", q[at + 1:at + 3])[0])
    opt = q[end:end + 11] if len(q) > end else b""
    # authentic data, as a server that validates would say
    return labels[0], q[:2] + struct.pack(">HHHHH", 0x81a0, 1, 1 if r else 0, 0, 1 if opt else 0) + q[12:end] + r + (opt[:9] + b"\0\0" if opt else b"")
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
            out += struct.pack(">H", len(a)) + a
        if how == "cut":
            c.send(out[:20])
            time.sleep(0.1)
            out = out[20:]
        c.sendall(out)
def tcp():
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", 53))
    s.listen(16)
    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
threading.Thread(target=tcp, daemon=True).start()
for where in ("203.0.113.2", "2001:db8:2::2"):
    def udp(where):
        s = socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((where, 53))
        while True:
            q, peer = s.recvfrom(4096)
            s.sendto(answer(q)[1], peer)
    threading.Thread(target=udp, args=(where,)).start()
END
# ask.py SERVER udp|tcp QTYPE EDNS NAME... - one line for each answer: rcode, AD, bytes, whether an ech parameter is in it, address
cat >"$WORK/ask.py" <<'END'
import socket, struct, sys
server, how, qtype, edns, names = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "edns", sys.argv[5:]
def question(id, name):
    return struct.pack(">HHHHHH", id, 0x120, 1, 0, 0, 1 if edns else 0) + b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + \
        b"\0" + struct.pack(">HH", qtype, 1) + (b"\0\0\x29\x04\xd0\0\0\0\0\0\0" if edns else b"")
s = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM if how == "udp" else socket.SOCK_STREAM)
s.settimeout(20)
s.connect((server, 53))
questions = [question(i + 1, n) for i, n in enumerate(names)]
answers = []
if how == "udp":
    for q in questions:
        s.send(q)
        answers.append(s.recv(4096))
else:
    s.sendall(b"".join(struct.pack(">H", len(q)) + q for q in questions))
    buf = b""
    while len(answers) < len(questions):
        got = s.recv(65536)
        if not got:
            break
        buf += got
        while len(buf) >= 2 and len(buf) >= 2 + struct.unpack(">H", buf[:2])[0]:
            n = struct.unpack(">H", buf[:2])[0]
            answers.append(buf[2:2 + n])
            buf = buf[2 + n:]
for a in answers:
    print(a[3] & 15, "ad" if a[3] & 32 else "-", len(a), "ech" if b"k" * 40 in a else "-", "203.0.113.3" if b"\xcb\0\x71\3" in a else "-")
END
start_dnsd listens_udp
until_true 10 listens s 53 || fail "the name server does not start"
printf '%s\n' dns.example >"$WORK/doh.txt"
rules <<END
gateway: {lan: lan, ech: strip, doh: refuse}
lists: [{file: doh.txt, mode: doh}]
rules:
  - block: connections
    host: blocked.example
END
start_dejunk

known_late=0
is() { # WANT ARGUMENT... - of ask.py, lines joined by "; "; asked again where an answer was late
	local want=$1 got late
	shift
	for _ in {1..20}; do
		got=$(client /usr/bin/python3 "$WORK/ask.py" "$@" | paste -sd';')
		[ "$got" != "$want" ] || return 0
		late=$(status dns_late)
		[ "$late" != "$known_late" ] || break
		known_late=$late
	done
	fail "$*: $got, not $want"
}
for server in 203.0.113.2 2001:db8:2::2; do
	# 65 is HTTPS, 44 bytes of it ech
	is "0 - 61 - -" $server udp 65 none https.example
	is "0 - 72 - -" $server udp 65 edns https.example
	is "0 - 105 - -" $server tcp 65 none https.example
	is "0 - 116 - -" $server tcp 65 edns https.example
	is "0 ad 61 - -" $server udp 65 none plain.example
	is "0 ad 61 - -" $server tcp 65 none plain.example
	# names that lead around; "dns: learn" is all that was said of others
	is "3 - 76 - -" $server udp 1 none use-application-dns.net
	is "3 - 68 - -" $server udp 1 none mask.icloud.com
	is "3 - 49 - -" $server tcp 1 none mask.icloud.com
	is "3 - 64 - -" $server udp 1 none dns.example
	is "3 - 45 - -" $server tcp 1 none dns.example
	is "0 ad 43 - 203.0.113.3" $server udp 1 none other.net
done
# three in one segment, of which the first and the last are rewritten
is "3 - 45 - -;0 ad 43 - 203.0.113.3;3 - 45 - -" 203.0.113.2 tcp 1 none dns.example other.net dns.example
reached 203.0.113.3 "a name that is denied refuses nobody its address while a wanted one has it"
# in two segments it passes
before=$(status dns_unchanged)
is "0 ad 49 - 203.0.113.3" 203.0.113.2 tcp 1 none cut.dns.example
[ "$(status dns_unchanged)" -gt "$before" ] || fail "it was not counted"
[ "$(status ech_stripped)" -ge 8 ] || fail "$(status ech_stripped) answers without ech were counted"
