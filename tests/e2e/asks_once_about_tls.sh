#!/bin/bash
# asks_once_about_tls.sh - of a 100 MB download over TLS at most three packets are queued; connections that were there
# before dejunk, and those of exempt clients, are not asked about at all
. "$(dirname "$0")/lib.sh"
topology
start_tls 443
head -c 100M /dev/zero >"$WORK/tls/big"
rules <<'END'
gateway: {lan: lan, exempt: [10.1.0.77]}
rules:
  - block: connections
    host: blocked.example
END
queued() { gateway awk '$1 == 5382 { print $8 }' /proc/net/netfilter/nfnetlink_queue; }
fetch() { client curl -sk -m 60 --resolve "*:443:203.0.113.4" "$@"; }

# a connection that begins before dejunk does; its ClientHello comes after
ip -n "${ID}c" addr add 10.1.0.77/24 dev lan
mkfifo "$WORK/go"
client /usr/bin/python3 - "$WORK/go" >"$WORK/old.log" 2>&1 <<'END' &
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
raw = socket.create_connection(('203.0.113.4', 443))
open(sys.argv[1]).read()
tls = context.wrap_socket(raw, server_hostname='blocked.example')
tls.sendall(b'GET / HTTP/1.0\r\n\r\n')
print(tls.recv(4096).split(b'\r\n\r\n')[1].decode())
END
pids+=($!)
old=$!
until_true 10 eval '[ "$(client ss -Htn state established dport = :443 | wc -l)" = 1 ]' || fail "no connection before dejunk"
start_dejunk
echo >"$WORK/go"
wait "$old"
grep -q "hello over tls" "$WORK/old.log" || fail "a connection that was there before dejunk was cut"
[ "$(queued)" = 0 ] || fail "$(queued) packets of a connection that was there before were queued"

[ "$(fetch --interface 10.1.0.77 https://blocked.example/)" = "hello over tls" ] || fail "an exempt client is refused"
[ "$(queued)" = 0 ] || fail "$(queued) packets of an exempt client were queued"

size=$(fetch -o /dev/null -w '%{size_download}' https://wanted.example/big)
[ "$size" = 104857600 ] || fail "$size bytes of 100 MB came"
[ "$(queued)" -le 3 ] || fail "$(queued) packets of a download were queued"
say "$(queued) packets of a 100 MB download queued"
[ "$(fetch -o /dev/null -w '%{http_code}' https://blocked.example/)" = 000 ] || fail "a blocked name is served"
