#!/bin/bash
# promise_3_refuses_what_is_ambiguous.sh - DESIGN promise 3: a request that two readers may cut in two ways is answered
# 400 and not a byte of it reaches the server, alone or behind a good one; an answer of that kind becomes 502.  What was
# never HTTP passes untouched (non_http: pass), or reaches nobody (refuse).
. "$(dirname "$0")/lib.sh"
topology
rules <<'END'
gateway: {lan: lan}
END
start_dejunk
cat >"$WORK/talk.py" <<'END'
import socket, sys, threading, time
sys.path.insert(0, sys.argv[2])
from wire import accept, connect, idle, listen
SMUGGLED = b'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'
CHUNKED = b'Transfer-Encoding: chunked\r\n'
LENGTH = b'Content-Length: 5\r\n'

# fields of a POST, each with two readings
FIELDS = {
    'length and chunked': LENGTH + CHUNKED,
    'chunked and length': CHUNKED + LENGTH,
    'two lengths': LENGTH + b'Content-Length: 6\r\n',
    'a list of lengths': b'Content-Length: 5, 6\r\n',
    'a sign': b'Content-Length: +5\r\n',
    'negative': b'Content-Length: -5\r\n',
    'hexadecimal': b'Content-Length: 0x5\r\n',
    'a space in the length': b'Content-Length: 5 6\r\n',
    'wraps 64 bits': b'Content-Length: 18446744073709551621\r\n',
    'empty length': b'Content-Length:\r\n',
    'a vertical tab in the length': b'Content-Length: \x0b5\r\n',
    'space before the colon of the length': b'Content-Length : 5\r\n',
    'tab before the colon of the coding': b'Transfer-Encoding\t: chunked\r\n',
    'chunked twice': b'Transfer-Encoding: chunked, chunked\r\n',
    'chunked is not last': b'Transfer-Encoding: chunked, gzip\r\n',
    'identity': b'Transfer-Encoding: identity\r\n' + LENGTH,
    'an unknown coding': b'Transfer-Encoding: xchunked\r\n',
    'a quoted coding': b'Transfer-Encoding: "chunked"\r\n',
    'a parameter of chunked': b'Transfer-Encoding: chunked;a=b\r\n',
    'a vertical tab before chunked': b'Transfer-Encoding: \x0bchunked\r\n',
    'two codings, one unknown': CHUNKED + b'Transfer-Encoding: cow\r\n',
    'length and a folded coding': LENGTH + b'Transfer-Encoding:\r\n chunked\r\n',
    'folded field': b'X: a\r\n Transfer-Encoding: chunked\r\n',
    'folded first field': b' X: a\r\n',
    'a name with a space': b'Transfer Encoding: chunked\r\n',
    'no colon': b'Transfer-Encoding chunked\r\n',
    'a NUL in a value': b'X: a\0Transfer-Encoding: chunked\r\n',
    'a bare CR in a value': b'X: a\rTransfer-Encoding: chunked\r\n',
    'a bare LF ends a field': b'X: a\nTransfer-Encoding: chunked\r\n',
    'empty name': b': chunked\r\n',
    'a second Host': b'Host: other\r\n',
}
WHOLE = {
    'no Host': b'POST /shape HTTP/1.1\r\nContent-Length: 0\r\n\r\n',
    'chunked in HTTP/1.0': b'POST /shape HTTP/1.0\r\nHost: h\r\n' + CHUNKED + b'\r\n0\r\n\r\n',
    'bare LF throughout': b'POST /shape HTTP/1.1\nHost: h\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\r\n\r\n',
    'two spaces in the request line': b'GET  /shape HTTP/1.1\r\nHost: h\r\n\r\n',
    'a tab in the request line': b'GET\t/shape HTTP/1.1\r\nHost: h\r\n\r\n',
    'a space in the target': b'GET /shape x HTTP/1.1\r\nHost: h\r\n\r\n',
    'an unknown minor version': b'GET /shape HTTP/1.10\r\nHost: h\r\n\r\n',
}
# bodies of a chunked POST: the head was good and has passed, what is bad must not
CHUNKS = {
    'no number': b'x\r\n', 'a sign': b'+1\r\na\r\n', 'hexadecimal prefix': b'0x1\r\na\r\n', 'wraps 64 bits': b'10000000000000001\r\na\r\n',
    'a space before': b' 1\r\na\r\n', 'no end of the data': b'1\r\nab\r\n', 'a bare LF ends the size': b'1\na\r\n',
    'a bare LF ends the data': b'1\r\na\n', 'a bare CR in an extension': b'1;a\rb\r\na\r\n', 'a bare LF in an extension': b'1;a\nb\r\na\r\n',
}
ANSWERS = {
    'two lengths': b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nxxx',
    'a list of lengths': b'HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nxxx',
    'a length that is none': b'HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nxx',
    'chunked twice': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
    'a switch nobody asked for': b'HTTP/1.1 101 Switching Protocols\r\n\r\n',
}
NOT_HTTP = [b'\x16\x03\x01\x02\x00\x01', b'SSH-2.0-x\r\n', b'\0\0\0\0', b'\xff\xfe\r\n\r\n']


def refused(c, what, status=400):
    got = c.answer()[0]
    assert got == status, '%s: answered %d' % (what, got)
    c.expect_end()      # and closed: what follows is not read as a request
    c.close()


def shapes():
    for what, fields in FIELDS.items():
        yield what, b'POST /shape HTTP/1.1\r\nHost: h\r\n' + fields + b'\r\n0\r\n\r\n' + SMUGGLED
    for what, data in WHOLE.items():
        yield what, data + SMUGGLED


if sys.argv[3] == 'pass':
    for v in 4, 6:
        listener = listen(v)
        count = 0
        for what, data in shapes():
            c = connect(v)
            c.send(data)
            refused(c, what)
            assert idle(listener, 0.01), what + ': the server was dialled'
            # behind a good request, whose answer comes first
            good = b'GET /good HTTP/1.1\r\nHost: h\r\n\r\n'
            c = connect(v)
            c.send(good + data)
            s = accept(listener)
            s.expect(good)
            s.silent(0.01)
            s.send(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            c.expect(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            refused(c, what)
            s.expect_end()
            s.close()
            count += 1
        head = b'POST /chunks HTTP/1.1\r\nHost: h\r\n' + CHUNKED + b'\r\n'
        for what, data in CHUNKS.items():
            c = connect(v)
            c.send(head)
            s = accept(listener)
            s.expect(head)
            c.send(b'2\r\nok\r\n' + data + b'0\r\n\r\n' + SMUGGLED)
            refused(c, 'chunk, ' + what)
            got = s.rest()
            assert b'smuggled' not in got and not got.endswith(b'0\r\n\r\n'), 'chunk, %s: the server got %r' % (what, got)
            s.close()
            count += 1
        for what, data in ANSWERS.items():
            c = connect(v)
            c.send(b'GET /good HTTP/1.1\r\nHost: h\r\n\r\n')
            s = accept(listener)
            s.head()
            s.send(data)
            refused(c, 'answer, ' + what, 502)
            s.close()
            count += 1
        print('IPv%d: %d shapes refused' % (v, count))
        listener.close()

for v in 4, 6:
    listener = listen(v)
    for first in NOT_HTTP:
        c = connect(v)
        c.send(first)
        if sys.argv[3] == 'pass':
            s = accept(listener)
            s.expect(first)
            s.send(b'\0\xff\r\n')
            c.expect(b'\0\xff\r\n')
            c.send(SMUGGLED)    # in a tunnel nothing is read any more
            s.expect(SMUGGLED)
            c.close()
            s.expect_end()
        else:
            try:
                assert c.rest() == b'', 'something answered'
            except ConnectionResetError:
                pass
            assert idle(listener, 0.05), '%r reached the server' % first
    listener.close()
END
talk() { /usr/bin/python3 "$WORK/talk.py" "$ID" "$REPO/tests/e2e" "$1" >"$WORK/talk.log" 2>&1 || fail "non_http: $1: see talk.log"; cat "$WORK/talk.log"; }
talk pass
[ "$(status bad_requests)" -ge 50 ] || fail "refused requests are not counted: $(status bad_requests)"
[ "$(status tunnels)" = 8 ] || fail "tunnels: $(status tunnels)"
rules <<'END'
gateway: {lan: lan, non_http: refuse}
END
gateway "$DEJUNK" reload --run-dir "$WORK/run" || fail "the reload failed"
talk refuse
