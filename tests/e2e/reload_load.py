"""reload_load.py SERVER HOST - requests without end, on connections kept and on new ones, until standard input ends

HOST is a host that no rule names: each answer must be 200 and whole. /ads/ must be refused each time. At the end one
line: "requests N failed M"; the first failures above it.
"""
import asyncio
import sys

SERVER, HOST = sys.argv[1], sys.argv[2]
KEPT, FRESH = 12, 6
BODY = b"x" * 20000


class Load:
    def __init__(self):
        self.requests = self.failed = 0
        self.ending = False

    def check(self, what, good, got):
        self.requests += 1
        if not good:
            self.failed += 1
            if self.failed <= 10:
                print("failed:", what, got, flush=True)

    async def ask(self, reader, writer, path, close):
        writer.write(b"GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n%s\r\n" %
                     (path, HOST.encode(), b"Connection: close\r\n" if close else b""))
        head = await reader.readuntil(b"\r\n\r\n")
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        return head.split(b" ")[1], await reader.readexactly(length[0])

    async def one(self, reader, writer, n, close):
        if n % 4 == 3:
            status, _ = await self.ask(reader, writer, b"/ads/%d" % n, close)
            self.check("/ads/", status == b"403", status)
        else:
            status, body = await self.ask(reader, writer, b"/size/20000", close)
            self.check("/size/", status == b"200" and body == BODY, (status, len(body)))

    async def run(self, kept):
        n = 0
        while not self.ending:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(SERVER, 80), 10)
                while True:
                    n += 1
                    await asyncio.wait_for(self.one(reader, writer, n, not kept), 20)
                    if self.ending or not kept:
                        break
                writer.close()
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, IndexError) as e:
                self.check("connection", False, repr(e))
                await asyncio.sleep(0.05)

    async def main(self):
        jobs = [asyncio.create_task(self.run(i < KEPT)) for i in range(KEPT + FRESH)]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        self.ending = True
        await asyncio.gather(*jobs)
        print("requests", self.requests, "failed", self.failed, flush=True)


asyncio.run(Load().main())
