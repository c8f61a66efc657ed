#!/bin/bash
# with_flow_offload.sh - another table offloads every flow past the firewall (a flowtable between lan and wan: stock kernels): a
# blocked server name is reset within 100 ms of its ClientHello all the same, over TLS 1.2 and 1.3, both families, at once or after
# a pause, in one segment or two; a wanted name on the same address works, and later data of its flow does take the fast path
. "$(dirname "$0")/lib.sh"
"$DEJUNK" check --keys | grep -q $'^gateway\ttls\t' || skip "this dejunk does not read server names of live traffic"
topology
cat >"$WORK/offload.nft" <<'END'
table inet fastpath {
	counter slow { }
	flowtable fast {
		hook ingress priority 0
		devices = { lan, wan }
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		meta l4proto { tcp, udp } flow add @fast
		tcp dport 443 counter name slow
	}
}
END
gateway nft -f "$WORK/offload.nft" 2>/dev/null || skip "this kernel has no flow tables"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/key.pem" -out "$WORK/cert.pem" -days 2 \
	-subj /CN=wanted.example 2>/dev/null || skip "openssl is not installed"
cat >"$WORK/server.py" <<'END'
# TLS on 443 of both families: reads a line of 64 KiB at most, answers it, until the client ends
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[1])
listener = socket.create_server(("::", 443), family=socket.AF_INET6, dualstack_ipv6=True)
def serve(raw):
    try:
        with context.wrap_socket(raw, server_side=True) as s:
            while data := s.recv(65536):
                s.sendall(data)
    except OSError:
        pass
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
# client.py NAME ADDRESS VERSION PAUSE CUT - one connection: "ok", or "reset MS" or "silent MS" since the ClientHello was sent
cat >"$WORK/client.py" <<'END'
import socket, ssl, sys, time
name, address, version, pause, cut = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5])
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
s.settimeout(5)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
s.connect((address, 443))
time.sleep(pause)
begin = None
def step(f):
    global begin
    while True:
        try:
            done, value = True, f()
        except ssl.SSLWantReadError:
            done = False
        out = outgoing.read()
        if out and begin is None:
            begin = time.monotonic()
            if cut:
                s.sendall(out[:cut])
                time.sleep(0.01)
                begin = time.monotonic()
                out = out[cut:]
        if out:
            s.sendall(out)
        if done:
            return value
        data = s.recv(65536)
        if not data:
            raise ConnectionResetError
        incoming.write(data)
try:
    step(tls.do_handshake)
    for i in range(50):
        step(lambda: tls.write(b"x" * 1000))
        got = 0
        while got < 1000:
            got += len(step(lambda: tls.read(65536)))
    print("ok")
except ConnectionResetError:
    print("reset %d" % ((time.monotonic() - begin) * 1000))
except TimeoutError:
    print("silent %d" % ((time.monotonic() - begin) * 1000))
END
background tls server /usr/bin/python3 "$WORK/server.py" "$WORK/key.pem" "$WORK/cert.pem"
until_true 30 listens s 443 || fail "the TLS server does not start"
rules <<END
gateway: {lan: lan}
rules: [{block: connections, host: blocked.example}]
END
connection() { client /usr/bin/python3 "$WORK/client.py" "$@" 2>&1; }
slow() { gateway nft list counter inet fastpath slow | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

# without dejunk: the connection works, and its data passes no forward chain, or this test would show nothing
before=$(slow)
said=$(connection wanted.example 203.0.113.2 TLSv1_3 0 0)
[ "$said" = ok ] || fail "the laboratory does not work with flow offload: $said"
[ $(($(slow) - before)) -lt 15 ] || fail "the flow was not offloaded: $(($(slow) - before)) packets of the client were forwarded slowly"

start_dejunk
grep -q "takes flows past the firewall (flow offload): chain forward of table inet fastpath" "$WORK/dejunk.log" ||
	fail "the start-up log does not name the flow table"
for address in 203.0.113.2 2001:db8:2::2; do
	for version in TLSv1_2 TLSv1_3; do
		for how in "0 0" "0.3 0" "0 40" "0.3 40"; do
			what="$address, $version, pause and cut $how"
			# shellcheck disable=SC2086
			said=$(connection blocked.example $address $version $how)
			[ "${said% *}" = reset ] || fail "$what: a blocked name was not reset: $said"
			[ "${said#* }" -lt 100 ] || fail "$what: a blocked name was $said ms after its ClientHello"
			# shellcheck disable=SC2086
			said=$(connection wanted.example $address $version $how)
			[ "$said" = ok ] || fail "$what: a wanted name on the same address: $said"
		done
	done
done
before=$(slow)
said=$(connection wanted.example 203.0.113.2 TLSv1_3 0 0)
[ "$said" = ok ] || fail "a wanted name: $said"
[ $(($(slow) - before)) -lt 20 ] || fail "a decided flow is kept off the fast path: $(($(slow) - before)) packets were forwarded slowly"
stop_dejunk || fail "exit status $?"
say "ok"
