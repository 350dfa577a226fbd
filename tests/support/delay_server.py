#!/usr/bin/env python3
"""A delay server that is not ours: GET /{delay in ms}/{message} is answered with the message after
the delay. One request for each connection. SIGINT or SIGTERM ends it."""

import argparse
import asyncio
import signal
import sys


async def answer(reader, writer):
    try:
        method, path, _ = (await reader.readline()).decode().split()
        while (await reader.readline()).strip():
            pass
        delay, message = path[1:].split("/", 1)
        await asyncio.sleep(int(delay) / 1000)
        status = "200 OK" if method == "GET" else "405 Method Not Allowed"
    except ValueError:
        status, message = "400 Bad Request", ""
    body = message.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    try:
        writer.write(head.encode() + body)
        await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def serve(host, port):
    server = await asyncio.start_server(answer, host, port)
    host, port = server.sockets[0].getsockname()[:2]
    stopped = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    print(f"listening on {host}:{port}", flush=True)
    await stopped.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", metavar="ADDR:PORT", default="127.0.0.1:8080",
                        help="where to listen (default: %(default)s; port 0 takes a free one)")
    address, _, number = parser.parse_args().listen.rpartition(":")
    asyncio.run(serve(address, int(number)))
