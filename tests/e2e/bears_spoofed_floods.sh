#!/bin/bash
# bears_spoofed_floods.sh - first packets to a suspect address, and DNS questions, from addresses that nobody has, link-layer
# ones included, as fast as they can be sent: hosts that are wanted stay reachable and are resolved, memory stays within
# its bounds, what is blocked is refused again when it is over.  The same with the queue process stopped, and killed.
. "$(dirname "$0")/lib.sh"
topology
start_www 443
# not at the address that is flooded: it is not the name server's strength that is tested
start_dns listen-address=203.0.113.2 address=/wanted.example/203.0.113.3 address=/blocked.example/203.0.113.7
rules <<'END'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
  - block: connections
    address: 203.0.113.8
    host: no.such.host.example
END
start_dejunk
# flood.py MAC syn|dns SECONDS - prints how many packets were sent
cat >"$WORK/flood.py" <<'END'
import os, socket, struct, sys, time
mac, kind, seconds = bytes.fromhex(sys.argv[1].replace(":", "")), sys.argv[2], float(sys.argv[3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("lan", 0))
def total(data):
    n = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    n = (n & 65535) + (n >> 16)
    return ~(n + (n >> 16)) & 65535
def frame(i):
    noise = os.urandom(12)
    source = bytes([10, 1, noise[0], noise[1]])
    target = socket.inet_aton("203.0.113.8" if kind == "syn" else "203.0.113.9")
    port = noise[2:4]
    if kind == "syn":
        l4 = port + struct.pack(">HIIBBHHH", 443, i, 0, 0x50, 2, 65535, 0, 0)
        check = total(source + target + struct.pack(">HH", 6, len(l4)) + l4)
        l4, proto = l4[:16] + struct.pack(">H", check) + l4[18:], 6
    else:
        name = b"\7n%06x\7blocked\7example\0\0\1\0\1" % (i & 0xffffff)
        dns = noise[4:6] + b"\1\0\0\1\0\0\0\0\0\0" + name
        l4, proto = port + struct.pack(">HHH", 53, 8 + len(dns), 0) + dns, 17
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(l4), 0, 0, 64, proto, 0) + source + target
    ip = ip[:10] + struct.pack(">H", total(ip)) + ip[12:]
    return mac + b"\2" + noise[6:11] + b"\x08\0" + ip + l4
frames = [frame(i) for i in range(20000)]
end, sent = time.monotonic() + seconds, 0
print("begun", flush=True)
while time.monotonic() < end:
    for f in frames[sent % 20000:sent % 20000 + 500]:
        try:
            s.send(f)
        except OSError:
            pass        # the interface's queue is full
    sent += 500
print(sent)
END
mac=$(ip -n "${ID}g" -o link show lan | sed 's/.*link.ether \([0-9a-f:]*\).*/\1/')
queue_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$(role_pid queue)/status"; }
reader_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$(role_pid reader)/status"; }
address_of() { client dig +short +time=2 +tries=2 "$1" @203.0.113.2; }
armed() { [ "$(status armed 2>/dev/null)" = true ]; }
resolves() { [ "$(address_of wanted.example)" = 203.0.113.3 ]; }
passes() { [ "$(client curl -s -m 3 http://203.0.113.3:443/x)" = "hello from /x" ]; }
suspect_passes() { [ "$(client curl -s -m 3 http://203.0.113.8:443/x)" = "hello from /x" ]; }

# flood KIND SECONDS - in the background, from when this returns
flood() {
	client /usr/bin/python3 "$WORK/flood.py" "$mac" "$1" "$2" >"$WORK/flood.txt" 2>&1 &
	flooding=$!
	pids+=("$flooding")
	until_true 20 grep -q begun "$WORK/flood.txt" || fail "no flood"
}
# refuses - as soon as the answer is there
refuses() { [ "$(address_of blocked.example)" = 203.0.113.7 ] && ! client curl -s -m 3 -o /dev/null http://203.0.113.7:443/; }

until_true 10 refuses || fail "what is blocked is not refused"
for kind in syn dns; do
	flood $kind 5
	for _ in 1 2 3; do
		until_true 4 passes || fail "$kind: a wanted host is not reached"
		until_true 4 suspect_passes || fail "$kind: a wanted host at the flooded address is not reached"
		until_true 4 resolves || fail "$kind: a wanted host is not resolved"
	done
	wait $flooding
	sent=$(tail -n 1 "$WORK/flood.txt")
	[ "$sent" -ge 5000 ] || skip "this machine cannot flood: $sent packets"
	until_true 15 armed || fail "$kind: not armed after the flood"
	until_true 10 refuses || fail "$kind: after the flood what is blocked is not refused"
	say "$kind: $sent packets, queue $(queue_kib) KiB, reader $(reader_kib) KiB"
	# LIMIT(NAMES_BYTES), LIMIT(DNS_QUERIES), LIMIT(CLIENTS) and the tables around them, with room
	[ "$(queue_kib)" -le 131072 ] && [ "$(reader_kib)" -le 65536 ] || fail "$kind: memory has no bound"
done
[ "$(status syns)" -gt 0 ] && [ "$(status dns_queries)" -gt 0 ] || fail "the floods went past dejunk"
for signal in STOP KILL; do
	for kind in syn dns; do
		pid=$(role_pid queue)
		flood $kind 8
		kill -$signal "$pid"
		begin=$EPOCHSECONDS
		until_true 8 passes || fail "$signal, $kind: a wanted host is not reached"
		until_true 8 suspect_passes || fail "$signal, $kind: a wanted host at the flooded address is not reached"
		until_true 8 resolves || fail "$signal, $kind: a wanted host is not resolved"
		say "$signal under a flood of $kind: all flows again after $((EPOCHSECONDS - begin)) s at most"
		wait $flooding
		until_true 20 armed || fail "$signal, $kind: not armed again"
		until_true 20 refuses || fail "$signal, $kind: what is blocked is not refused again"
	done
done
