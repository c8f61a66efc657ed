#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_overload - descriptors run short: PONG says so, accepting pauses, what is established goes on,
and those who had to wait are served when there is room.  Helpers: proxy_lab.py.
"""
import os, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import Lab

GET = b'GET / HTTP/1.1\r\nHost: plain.example\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
FILES = 64


def short_of_descriptors(lab, v):
    c, s = lab.asked(v, GET)
    many = [lab.client(v) for _ in range(FILES)]
    for m in many:
        m.send(b'GET /half')                    # none of them needs a server
    lab.until(lambda: lab.pong()[1] >= FILES * 9 // 10)
    accepted, files, max_files, alive, _ = lab.pong()
    assert files <= max_files == FILES and alive < len(many), (files, max_files, alive)
    for _ in range(20):
        begin = time.monotonic()
        s.send(OK)
        c.expect(OK)
        c.send(GET)
        s.expect(GET)
        assert time.monotonic() - begin < 1, 'who is served waits for descriptors of others'
    assert lab.pong()[3] == alive               # the others wait in the kernel
    for m in many[:-1]:
        m.close()
    many[-1].send(b' HTTP/1.1\r\nHost: plain.example\r\n\r\n')
    t = lab.server(v)
    t.head()
    t.send(OK)
    many[-1].expect(OK)
    many[-1].close()
    c.close()
    s.close()           # it still owed an answer
    lab.until(lambda: lab.pong()[3] == 0)


if __name__ == '__main__':
    proxy_lab.namespace()
    proxy_lab.main(Lab(max_files=FILES), [short_of_descriptors])
