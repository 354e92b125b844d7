"""Measures preflight: the program requests the first bytes of each source URL before the import.

There are two cases: URLs on many hosts that take 100 ms to answer, and URLs of a host that does not
exist. The first case is compared with an earlier version of preflight, which requested eight URLs
at a time, each with a new connection. Both run in this process, one after the other; the server
runs in its own process. The exit code is 1 if a target is missed.
"""
# ruff: noqa: T201 - a command, which prints its table

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

#: Seconds until the server answers.
_LATENCY = 0.1
#: Target: URLs per second, as a multiple of the earlier version's.
_MIN_SPEEDUP = 4.5
#: Number of threads of the earlier version.
_THREADS_BEFORE = 8
_VIDEO = b"\x00\x00\x00\x20ftypisom" + bytes(4084)
_ANSWER = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Length: 4096\r\n"
    b"Content-Range: bytes 0-4095/10000000\r\nConnection: close\r\n\r\n" + _VIDEO
)


def serve(port_channel: Connection) -> None:
    """Answer every request with the first bytes of a video, after the latency.

    The port is sent to the channel.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(_LATENCY)
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
        port_channel.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def server_process() -> Iterator[int]:
    """Run the server in its own process; yields its port."""
    receiver, sender = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(sender,), daemon=True)
    process.start()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()


def resolve_to_loopback(_: str, port: int, **__: object) -> list[Any]:
    """Resolve every host name to this machine."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def sources(count: int, hosts: int, port: int) -> list[VideoSource]:
    return [
        VideoSource(n, f"http://videos{n % hosts}.example.com:{port}/{n}.mp4", "mp4")
        for n in range(count)
    ]


def check(
    videos: list[VideoSource], resolve: Callable[..., list[Any]] = resolve_to_loopback
) -> list[str]:
    """Return the problem code that preflight finds for each video; empty if there is none."""
    # The server is on a private address, which preflight would refuse to contact.
    with (
        patch.object(preflight, "_is_public", lambda _: True),
        Preflight(threading.Event(), "api.example.com", resolve=resolve) as checker,
    ):
        return [
            finding.violation.code if finding.violation else "" for finding in checker.check(videos)
        ]


def check_like_earlier_version(videos: list[VideoSource]) -> None:
    def get(source: VideoSource) -> None:
        port = int(source.url.split(":")[2].partition("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        connection.request("GET", "/", headers={"Range": "bytes=0-4095", "Connection": "close"})
        connection.getresponse().read(4096)
        connection.close()

    with ThreadPoolExecutor(_THREADS_BEFORE) as pool:
        list(pool.map(get, videos))


def measure_rate(work: Callable[[], object], count: int) -> float:
    """Run a function that checks `count` URLs; returns the number of URLs per second."""
    start = time.monotonic()
    work()
    return count / (time.monotonic() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=1_000)
    arguments = parser.parse_args()
    count = arguments.rows
    with server_process() as port:
        few = count // 10
        few_videos = sources(few, arguments.hosts, port)
        before = measure_rate(lambda: check_like_earlier_version(few_videos), few)
        videos = sources(count, arguments.hosts, port)
        codes: list[str] = []
        now = measure_rate(lambda: codes.extend(check(videos)), count)
    assert codes == [""] * count, "preflight reports a good source"
    resolved_names: list[str] = []

    def fail_to_resolve(name: str, port: int, **options: object) -> list[Any]:
        resolved_names.append(name)
        if name.startswith("videos"):
            raise socket.gaierror(socket.EAI_NONAME, "made up")
        return resolve_to_loopback(name, port, **options)

    start = time.monotonic()
    codes = check(sources(1_000, 1, 80), fail_to_resolve)
    seconds = time.monotonic() - start
    lookups = resolved_names.count("videos0.example.com")
    assert codes == ["source-host"] * 1_000, "preflight does not report a host that does not exist"
    met = now / before >= _MIN_SPEEDUP and lookups == 1
    print("| case | figure | target |\n|---|---|---|")
    print(f"| eight URLs at a time | {before:.0f}/s | |")
    print(f"| {count:,} URLs on {arguments.hosts:,} hosts at {_LATENCY * 1000:.0f} ms |"
          f" {now:.0f}/s, {now / before:.1f} × | ≥ {_MIN_SPEEDUP} × |")  # fmt: skip
    print(f"| 1,000 rows of a host that does not exist | {lookups} lookup, {seconds:.2f} s | 1 |")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
