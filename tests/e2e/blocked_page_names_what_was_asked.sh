#!/bin/bash
# blocked_page_names_what_was_asked.sh - a page that has to wait for the answers before it names the entry that blocks it,
# not bytes of whatever host another client has asked for meanwhile
. "$(dirname "$0")/lib.sh"
topology
cat >"$WORK/server.py" <<'END'
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        end = time.monotonic() + 60
        while self.path == '/wait' and not os.path.exists(sys.argv[1]) and time.monotonic() < end:
            time.sleep(0.02)
        self.send_response(200)
        self.send_header('Content-Length', '3')
        self.end_headers()
        self.wfile.write(b'ok\n')
http.server.ThreadingHTTPServer(('203.0.113.2', 80), Handler).serve_forever()
END
background www server /usr/bin/python3 "$WORK/server.py" "$WORK/go"
until_true 10 listens s 80 || fail "the web server does not start"
echo '0.0.0.0 listed.example' >"$WORK/names.hosts"
rules <<'END'
gateway:
  workers: 1
lists:
  - file: names.hosts
END
start_dejunk

cat >"$WORK/ask.py" <<'END'
import socket, sys
s = socket.create_connection(('203.0.113.2', 80), 60)
s.settimeout(60)
s.sendall(b'GET /wait HTTP/1.1\r\nHost: first.example\r\n\r\n'
          b'GET / HTTP/1.1\r\nHost: www.listed.example\r\nAccept: text/html\r\nConnection: close\r\n\r\n')
got = b''
while data := s.recv(65536):
    got += data
sys.stdout.buffer.write(got)
END
background ask client /usr/bin/python3 "$WORK/ask.py"
blocked() { [ "$(status blocked)" = 1 ]; }
until_true 20 blocked || fail "the second request was not blocked"
client curl -s -m 10 -o "$WORK/other" -H 'Host: a-secret-of-another-client.example' http://203.0.113.2/ || fail "no answer for the other"
touch "$WORK/go"
answered() { grep -q '403' "$WORK/ask.log"; }
until_true 20 answered || fail "no page"
grep -q 'names.hosts:1: listed.example' "$WORK/ask.log" || fail "the page does not name the entry"
grep -q 'secret' "$WORK/ask.log" && fail "the page names what another client asked for"
stop_dejunk || fail "SIGTERM ended it with $?"
