#!/bin/bash
# coexists_with_queues_and_marks.sh - another program queues the same first packets to a queue of its own and marks them, and ip rules
# route by its mark: both decide, its mark survives a visit to the daemon, and the daemon refuses what it is to refuse
. "$(dirname "$0")/lib.sh"
command -v iptables-nft >/dev/null || skip "iptables-nft is not installed"
topology
start_www 443
rules <<END
gateway: {lan: lan}
groups: {nobody: 192.0.2.1}
rules:
  - {block: connections, address: 203.0.113.8}
  - {block: connections, address: [203.0.113.4, 203.0.113.6], group: nobody}	# the daemon is asked, and lets pass
END
cat >"$WORK/neighbour.py" <<'END'
# listen on a queue, accept each packet with the bit 0x10 of its mark set; prints a line each: nfnetlink by hand
import socket, struct, sys
queue = int(sys.argv[1])
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.bind((0, 0))
def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)
def send(message, flags, body):
    s.send(struct.pack("=IHHII", 20 + len(body), 3 << 8 | message, flags, 1, 0) + struct.pack(">BBH", 0, 0, queue) + body)
send(2, 5, attribute(1, struct.pack(">BxH", 1, 2)))		# bind
assert struct.unpack_from("=i", s.recv(65536), 16)[0] == 0, "the queue is taken"
send(2, 1, attribute(2, struct.pack(">IB", 64, 1)))		# headers only
print("bound", flush=True)
while True:
    data = s.recv(65536)
    at, mark, packet = 20, 0, None
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if kind & 0x3fff == 1:
            packet = data[at + 4:at + 8]
        if kind & 0x3fff == 3:
            mark = struct.unpack_from(">I", data, at + 4)[0]
        at += max(4, (size + 3) & ~3)
    if packet is None:
        continue
    send(1, 1, attribute(2, struct.pack(">I", 1) + packet) + attribute(3, struct.pack(">I", mark | 0x10)))
    print("packet", flush=True)
END
background neighbour gateway /usr/bin/python3 "$WORK/neighbour.py" 4711
until_true 20 grep -q bound "$WORK/neighbour.log" || fail "the other listener does not start"
gateway iptables-nft -t mangle -A PREROUTING -i lan -p tcp --dport 443 --syn -j NFQUEUE --queue-num 4711 || skip "no NFQUEUE here"
gateway nft -f - <<END
table inet seen {
	counter marked { }
	counter unmarked { }
	chain post {
		type filter hook postrouting priority 0;
		oifname "wan" tcp dport 443 tcp flags & (syn|ack) == syn meta mark & 0xff == 0x10 counter name marked
		oifname "wan" tcp dport 443 tcp flags & (syn|ack) == syn meta mark & 0xff != 0x10 counter name unmarked
	}
}
END
ip -n "${ID}g" rule add fwmark 0x10/0xf0 lookup 100
ip -n "${ID}g" route add unreachable 203.0.113.6/32 table 100
start_dejunk
count() { gateway nft list counter inet seen "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
reached 203.0.113.2 "nobody complained about it"
reached 203.0.113.4 "the daemon lets it pass"
[ "$(count marked)" -ge 2 ] || fail "the neighbour's mark is gone: $(count marked) marked, $(count unmarked) not"
[ "$(count unmarked)" = 0 ] || fail "the neighbour's mark is gone: $(count unmarked) first packets without it"
refused 203.0.113.8 "a rule names it"
client curl -s -m 5 -o /dev/null http://203.0.113.6:443/
[ $? = 7 ] || fail "the route by the neighbour's mark does not hold for what the daemon was asked about"
[ "$(grep -c packet "$WORK/neighbour.log")" -ge 4 ] || fail "the neighbour was not asked about each connection"
before=$(grep -c packet "$WORK/neighbour.log")
doctor
told other_queues | grep -q "queue 4711: python3" || fail "doctor does not tell of the other listener"
[ -z "$(told queue_taken; told packet_mark; told mark_routes)" ] || fail "doctor finds a conflict where there is none: $(cat "$WORK/doctor.json")"

# it ends, and its rule lets nobody through now: that is its own doing, not ours, and ours goes on without it
kill "${pid_of[neighbour]}"
gateway iptables-nft -t mangle -F PREROUTING
until_true 10 client curl -s -m 2 -o /dev/null http://203.0.113.4:443/x || fail "without the neighbour nothing is reached"
refused 203.0.113.8 "without the neighbour"
[ "$(grep -c packet "$WORK/neighbour.log")" = "$before" ] || fail "a packet went to the neighbour that is gone"
[ "$(status armed)" = true ] || fail "not armed"
stop_dejunk || fail "exit status $?"
say "ok"
