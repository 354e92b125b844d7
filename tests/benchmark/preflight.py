"""Measure preflight: addresses on many hosts that take 100 ms to answer, and rows of a dead host.

The contender asks eight addresses at a time, each over a connection of its own, as preflight did
before it knew hosts. Both run here, one after the other, against one server in a process of its
own. Ends with 1 where a target is missed.
"""
# ruff: noqa: T201 - a command of its own, which shows its table

import argparse
import asyncio
import http.client
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any
from unittest.mock import patch

from batch_import.models import VideoSource
from batch_import.sources import preflight
from batch_import.sources.preflight import Preflight

_LATENCY = 0.1
_FASTER = 4.5
_THREADS_BEFORE = 8
_VIDEO = b"\x00\x00\x00\x20ftypisom" + bytes(4084)
_ANSWER = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Length: 4096\r\n"
    b"Content-Range: bytes 0-4095/10000000\r\nConnection: close\r\n\r\n" + _VIDEO
)


def serve(printed: Connection) -> None:
    """Answer everything with the start of a video, after a while."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(_LATENCY)
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
        printed.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def served() -> Iterator[int]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def local(_: str, port: int, **__: object) -> list[Any]:
    """A name server for which every host is here."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def sources(count: int, hosts: int, port: int) -> list[VideoSource]:
    return [
        VideoSource(n, f"http://videos{n % hosts}.example.com:{port}/{n}.mp4", "mp4")
        for n in range(count)
    ]


def ask(wanted: list[VideoSource], resolve: Callable[..., list[Any]] = local) -> list[str]:
    """The codes that preflight finds."""
    # Hosts of a benchmark are private, and preflight contacts none of these.
    with (
        patch.object(preflight, "_is_public", lambda _: True),
        Preflight(threading.Event(), "api.example.com", resolve=resolve) as asking,
    ):
        return [
            finding.violation.code if finding.violation else "" for finding in asking.check(wanted)
        ]


def eight_at_a_time(wanted: list[VideoSource]) -> None:
    def get(source: VideoSource) -> None:
        port = int(source.url.split(":")[2].partition("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        connection.request("GET", "/", headers={"Range": "bytes=0-4095", "Connection": "close"})
        connection.getresponse().read(4096)
        connection.close()

    with ThreadPoolExecutor(_THREADS_BEFORE) as pool:
        list(pool.map(get, wanted))


def paced(work: Callable[[], object], count: int) -> float:
    """How many a second."""
    start = time.monotonic()
    work()
    return count / (time.monotonic() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=1_000)
    arguments = parser.parse_args()
    count = arguments.rows
    with served() as port:
        few = count // 10
        before = paced(lambda: eight_at_a_time(sources(few, arguments.hosts, port)), few)
        wanted = sources(count, arguments.hosts, port)
        codes: list[str] = []
        now = paced(lambda: codes.extend(ask(wanted)), count)
    assert codes == [""] * count, "a source was not found good"
    looked_up: list[str] = []

    def dead(name: str, port: int, **more: object) -> list[Any]:
        looked_up.append(name)
        if name.startswith("videos"):
            raise socket.gaierror(socket.EAI_NONAME, "made up")
        return local(name, port, **more)

    start = time.monotonic()
    found = ask(sources(1_000, 1, 80), dead)
    seconds = time.monotonic() - start
    lookups = looked_up.count("videos0.example.com")
    assert found == ["source-host"] * 1_000, "a dead host was not told"
    met = now / before >= _FASTER and lookups == 1
    print("| case | figure | target |\n|---|---|---|")
    print(f"| eight addresses at a time | {before:.0f}/s | |")
    print(f"| {count:,} addresses on {arguments.hosts:,} hosts at {_LATENCY * 1000:.0f} ms |"
          f" {now:.0f}/s, {now / before:.1f} × | ≥ {_FASTER} × |")  # fmt: skip
    print(f"| 1,000 rows of a host that does not exist | {lookups} lookup, {seconds:.2f} s | 1 |")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
