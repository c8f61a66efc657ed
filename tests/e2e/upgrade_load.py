"""upgrade_load.py serve PORT - the server: /small, /slow/BYTES/SECONDS, /open/BYTES/SECONDS (ends with the connection), /echo (a tunnel)
upgrade_load.py load PORT HOST ADDRESS... - every kind of connection at once to each ADDRESS, until standard input ends

The load: requests on connections that are kept (each for a while), on new ones, long downloads with and without a length,
and tunnels that live from the beginning to the end.  Each answer must be whole; /ads/ must be refused.  Prints
"requests N downloads N echoes N failed M" at the end, the first failures above it.
"""
import asyncio
import random
import sys
import time

PATTERN = bytes(range(251)) * 5000
KEPT, FRESH, LONG = 4, 2, 3             # of each kind, for each address


def body_at(offset, n):
    offset %= 251
    return PATTERN[offset:offset + n]


async def serve_one(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode().split("/")
            if path[1] == "echo":
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                while line := await reader.readline():
                    writer.write(line)
                return
            if path[1] in ("slow", "open"):
                size, seconds = int(path[2]), float(path[3])
                writer.write(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: %d\r\n\r\n" % size if path[1] == "slow" else
                                                       b"Connection: close\r\n\r\n"))
                begin, sent = time.monotonic(), 0
                while sent < size:
                    n = min(16384, size - sent)
                    writer.write(body_at(sent, n))
                    await writer.drain()
                    sent += n
                    await asyncio.sleep(max(0, begin + seconds * sent / size - time.monotonic()))
                if path[1] == "open":
                    return
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve(port):
    server = await asyncio.start_server(serve_one, None, port, backlog=4096)
    async with server:
        await server.serve_forever()


class Load:
    def __init__(self, port, host):
        self.port, self.host = port, host.encode()
        self.count = {"requests": 0, "downloads": 0, "echoes": 0, "failed": 0}
        self.ending = False
        self.begin = time.monotonic()

    def failed(self, what, got):
        self.count["failed"] += 1
        if self.count["failed"] <= 10:
            print("failed:", what, got, "at", round(time.monotonic() - self.begin, 2), flush=True)

    async def ask(self, reader, writer, path, extra=b""):
        writer.write(b"GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n%s\r\n" % (path, self.host, extra))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        return head.split(b" ")[1], int(fields[b"content-length"]) if b"content-length" in fields else None

    async def small(self, address, reader, writer, n):
        ads = n % 5 == 4
        status, length = await self.ask(reader, writer, b"/ads/%d" % n if ads else b"/small")
        body = await reader.readexactly(length)
        self.count["requests"] += 1
        if status != (b"403" if ads else b"200") or (not ads and body != b"hello\n"):
            self.failed("answer of " + address, (status, ads, body[:60], n, writer.get_extra_info("sockname")[1]))

    async def kept(self, address):
        reader, writer = await asyncio.open_connection(address, self.port)
        quiet = time.monotonic()
        for n in range(random.randint(20, 300)):
            asked = time.monotonic()
            try:
                await self.small(address, reader, writer, n)
            except (ConnectionError, asyncio.IncompleteReadError) as e:
                # who was kept from asking for a second may meet the end of a quiet connection, and asks again, as browsers do
                if asked - quiet < 0.9 or getattr(e, "partial", b""):
                    raise
                break
            quiet = time.monotonic()
            await asyncio.sleep(random.random() * 0.04)
            if self.ending:
                break
        writer.close()

    async def fresh(self, address):
        reader, writer = await asyncio.open_connection(address, self.port)
        await self.small(address, reader, writer, random.randint(0, 9))
        writer.close()
        await asyncio.sleep(0.005)

    async def long(self, address):
        size, kind = random.randint(200000, 3000000), random.choice((b"slow", b"open"))
        reader, writer = await asyncio.open_connection(address, self.port)
        status, length = await self.ask(reader, writer, b"/%s/%d/%.1f" % (kind, size, random.uniform(0.5, 4)))
        got = 0
        while data := await asyncio.wait_for(reader.read(65536), 20):
            if data != body_at(got, len(data)):
                self.failed("bytes of a download of " + address, got)
            got += len(data)
            if got == length:
                break
        if status != b"200" or got != size:
            self.failed("length of a download of " + address, (got, size))
        self.count["downloads"] += 1
        writer.close()

    async def tunnel(self, address):
        reader, writer = await asyncio.open_connection(address, self.port)
        status, _ = await self.ask(reader, writer, b"/echo", b"Connection: Upgrade\r\nUpgrade: echo\r\n")
        n = 0
        while status == b"101" and not self.ending:
            n += 1
            writer.write(b"%d\n" % n)
            if await asyncio.wait_for(reader.readline(), 20) != b"%d\n" % n:
                raise OSError("an echo is wrong")
            self.count["echoes"] += 1
            await asyncio.sleep(0.05)
        if status != b"101":
            self.failed("tunnel to " + address, status)
        writer.close()

    async def repeat(self, what, address):
        while not self.ending:
            try:
                await asyncio.wait_for(what(address), 600)
            except (OSError, ValueError, TypeError, IndexError, asyncio.IncompleteReadError, asyncio.TimeoutError) as e:
                self.failed(what.__name__ + " of " + address, repr(e))
                await asyncio.sleep(0.1)

    async def main(self, addresses):
        jobs = [asyncio.create_task(self.repeat(what, address)) for address in addresses
                for what, n in ((self.kept, KEPT), (self.fresh, FRESH), (self.long, LONG), (self.tunnel, 1)) for _ in range(n)]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        self.ending = True
        await asyncio.gather(*jobs)
        print(*("%s %d" % c for c in self.count.items()), flush=True)


if sys.argv[1] == "serve":
    asyncio.run(serve(int(sys.argv[2])))
else:
    asyncio.run(Load(int(sys.argv[2]), sys.argv[3]).main(sys.argv[4:]))
