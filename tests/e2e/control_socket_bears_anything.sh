#!/bin/bash
# control_socket_bears_anything.sh - garbage, half lines, silence, more connections than there is room for, and reloads that
# nobody waits for: answered or closed within the time limit, and the next "status" works; no other user is let in
. "$(dirname "$0")/lib.sh"
topology
rules <<END
gateway: {lan: lan, workers: 1}
END
start_dejunk
pid=$(role_pid admin)
cat >"$WORK/hostile.py" <<'END'
import os, socket, sys, time
path = sys.argv[1] + "/control"
def connect(timeout=15):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)                     # with a timeout set Python would not wait for room
    s.settimeout(timeout)
    return s
def said(data, timeout=1):
    s = connect()
    try:
        s.sendall(data)
        s.settimeout(timeout)
        return s.recv(100)
    except TimeoutError:
        return None
    except OSError:
        return b""
    finally:
        s.close()
assert said(b"x" * 5000) == b"", "a long line"
assert said(os.urandom(4000).replace(b"\n", b"") ) == b"", "random bytes"
assert b"unknown" in said(b"\n") and b"unknown" in said(b"reload everything\n")
assert said(b"\0" * 10) is None and said(b"status") is None and said(b"status\0\n") is None
for i in range(12):                     # reloads that nobody waits for
    s = connect()
    s.sendall(b"reload\n")
    s.close()
time.sleep(2)
begin = time.monotonic()
held = []
for i in range(60):                     # more than there is room for
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(path)
    except BlockingIOError:
        break
    held.append(s)
assert 16 <= len(held) < 60, len(held)
s = connect(15)                         # waits for its turn
s.settimeout(25)
s.sendall(b"status\n")
assert s.recv(7) == b'{"armed', "no status"
assert time.monotonic() - begin < 22, "the silent ones were not closed"
END
gateway /usr/bin/python3 "$WORK/hostile.py" "$WORK/run" 2>"$WORK/hostile.log" || fail "the hostile client was not borne"
[ "$(status armed)" = true ] || fail "not armed"
[ "$(role_pid admin)" = "$pid" ] || fail "the admin process died of it"
gateway setpriv --reuid 1000 --clear-groups /usr/bin/python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$WORK/run/control" 2>/dev/null && fail "another user is let in"
stop_dejunk || fail "exit status $?"
say "ok"
