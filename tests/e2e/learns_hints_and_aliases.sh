#!/bin/bash
# learns_hints_and_aliases.sh - the addresses that HTTPS records hint at are learned: those of a blocked name are refused,
# also where only the alias or the target in the record is blocked; wanted names on other addresses stay reachable; both families
. "$(dirname "$0")/lib.sh"
topology
start_www 443
cat >"$WORK/dnsd.py" <<'END2'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("203.0.113.2", 53))
def wire(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.split(".") if l) + b"\0"
def https(owner, priority, target, last=None):
    data = struct.pack(">H", priority) + wire(target)
    if last:
        data += b"\0\1\0\3\2h2"
        data += struct.pack(">HH", 4, 4) + socket.inet_aton("203.0.113.%d" % last)
        data += struct.pack(">HH", 6, 16) + socket.inet_pton(socket.AF_INET6, "2001:db8:2::%d" % last)
    return wire(owner) + struct.pack(">HHIH", 65, 1, 300, len(data)) + data
answers = {
    "www.blocked.example": [https("www.blocked.example", 1, ".", 3)],
    "aliased.example": [https("aliased.example", 0, "cdn.blocked.example"), https("cdn.blocked.example", 1, ".", 4)],
    "targeted.example": [https("targeted.example", 1, "svc.blocked.example", 5)],
    "wanted.example": [https("wanted.example", 1, "svc.example", 6)],
}
while True:
    q, peer = s.recvfrom(4096)
    labels, at = [], 12
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode().lower())
        at += 1 + q[at]
    name, end = ".".join(labels), at + 5
    records = answers.get(name, []) if q[at + 1:at + 3] == b"\0\x41" else []
    opt = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    s.sendto(q[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 1) + q[12:end] + b"".join(records) + opt, peer)
END2
cat >"$WORK/ask.py" <<'END2'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("203.0.113.2", 53))
s.settimeout(10)
s.send(b"\x12\x34\1\0\0\1\0\0\0\0\0\1" + b"".join(bytes([len(l)]) + l.encode() for l in sys.argv[1].split(".")) +
       b"\0\0\x41\0\1" + b"\0\0\x29\x04\xd0\0\0\0\0\0\0")
print(len(s.recv(4096)) > 60)
END2
start_dnsd
rules <<'END2'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
END2
start_dejunk

ask() { [ "$(client /usr/bin/python3 "$WORK/ask.py" "$1")" = True ] || fail "$1: no answer"; }

for n in 3 4 5 6; do
	reached "203.0.113.$n" "before anybody asked"
done
for name in www.blocked.example:3 aliased.example:4 targeted.example:5; do
	ask "${name%:*}"
	refused "203.0.113.${name#*:}" "${name%:*}"
	refused "[2001:db8:2::${name#*:}]" "${name%:*}"
done
ask wanted.example
reached 203.0.113.6 wanted.example
reached "[2001:db8:2::6]" wanted.example
