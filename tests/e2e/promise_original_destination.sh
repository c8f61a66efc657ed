#!/bin/bash
# promise_original_destination.sh - DESIGN promise 1: the original destination is dialled, whatever the Host header or
# an absolute URI says, and what is said on one connection never reaches another client's origin connection
. "$(dirname "$0")/lib.sh"
topology
cat >"$WORK/www2.py" <<END
import sys; sys.argv = ["www", "80"]; sys.path.insert(0, "$REPO/tests/e2e")
import socket, socketserver, www
class V4(www.Server):
    address_family = socket.AF_INET
    def server_bind(self): socketserver.TCPServer.server_bind(self)
import threading
def one(ip):
    class H(www.Handler):
        def setup(self): super().setup(); self.where = ip
        def request_once(self):
            head = www.read_head(self.rfile)
            if head is None: return False
            body = ("answered by " + self.where + "\n").encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return True
    threading.Thread(target=V4((ip, 80), H).serve_forever).start()
for ip in ("203.0.113.2", "203.0.113.3"): one(ip)
END
background www2 server /usr/bin/python3 "$WORK/www2.py"
until_true 10 listens s 80 || fail "no server"
rules <<'END'
gateway: {lan: lan}
END
start_dejunk
for host in 203.0.113.3 203.0.113.3:80 10.1.0.1 localhost 127.0.0.1:1100 '[::1]'; do
	[ "$(client curl -s -m 5 -H "Host: $host" http://203.0.113.2/)" = "answered by 203.0.113.2" ] || fail "Host: $host was believed"
done
# an absolute URI that agrees with Host is the original destination's to answer; one that does not is ambiguous
answer=$(client curl -s -m 5 --request-target http://203.0.113.2/x http://203.0.113.2/)
[ "$answer" = "answered by 203.0.113.2" ] || fail "an absolute URI is answered $answer"
code=$(client curl -s -m 5 -o "$WORK/out" -w '%{http_code}' --request-target http://203.0.113.3/x http://203.0.113.2/)
[ "$code" = 400 ] || fail "an absolute URI that contradicts Host is answered $code: $(cat "$WORK/out")"
# the proxy's own port, addressed directly, from the lan and from the gateway itself
client curl -s -m 2 http://10.1.0.1:3129/ && fail "the proxy's port answers the lan"
gateway curl -s -m 2 http://127.0.0.1:3129/ && fail "the proxy's port answers what was never redirected"
gateway curl -s -m 2 http://203.0.113.1:3129/ && fail "the proxy's port answers the gateway itself"
gateway "$DEJUNK" status --json --run-dir "$WORK/run" | grep -q '"not_redirected": *[1-9]' || fail "not counted"
exit 0
