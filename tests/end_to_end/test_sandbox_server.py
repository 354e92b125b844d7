"""The sandbox over real sockets: the API, its faults, the player pages, and invalid requests."""

import http.client
import json
import re
import socket
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any

import pytest
import requests

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.media import CLIP_SECONDS, SandboxMedia
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

ME = ("VC-me", "secret")
VIDEO = {"sourceUrl": "https://videos.example/a.mp4", "filename": "A film", "extension": "mp4"}
ONLINE: dict[str, Any] = {"processing": (0, 0)}


def serving(**knobs: Any) -> SandboxServer:
    return SandboxServer(SimulatedPlatform(Knobs(**knobs), 1, time.time(), *ME))


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with serving(**ONLINE) as server:
        yield server


def post(server: SandboxServer, **changes: object) -> requests.Response:
    url = f"{server.api_base}/media/new"
    return requests.post(url, json={**VIDEO, **changes}, auth=ME, timeout=5)


def get(server: SandboxServer, path: str, **headers: str) -> requests.Response:
    return requests.get(server.address + path, headers=headers, timeout=5)


def media_of(server: SandboxServer, **changes: object) -> SandboxMedia:
    assert post(server, **changes).status_code == 200
    return server.platform.media[-1]


def send_bytes(server: SandboxServer, sent: bytes) -> bytes:
    """Send these bytes, and return everything that is received until the connection is closed."""
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


# The API


def test_a_video_is_created_followed_and_found(server: SandboxServer) -> None:
    ingest_id = post(server, referenceId="réf/1 &").json()["ingestId"]
    base, session = server.api_base, requests.Session()
    session.auth = ME
    with session:
        status = session.get(f"{base}/media/new/status/{ingest_id}", timeout=5)
        assert status.json() == {"status": "Online"}
        found = session.get(f"{base}/media", params={"referenceId": "réf/1 &"}, timeout=5)
    (item,) = found.json()["listResult"]["items"]
    assert item["referenceId"] == "réf/1 &"
    assert item["thumbnail"].startswith(server.address)
    assert found.headers["Content-Type"].startswith("application/json")


def test_requests_without_credentials_are_refused(server: SandboxServer) -> None:
    reply = get(server, "/v3/api/account/info")
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic")
    for header in ("Basic !!!", "Basic /w==", "Basic", "Bearer abc", "Basic VkMtbWU="):
        assert get(server, "/v3/api/account/info", Authorization=header).status_code == 401


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_the_sandbox_listens_only_on_this_machine(server: SandboxServer) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.address)
    port = int(server.address.rpartition(":")[2])
    # If the sandbox listened on every address, this address would be in use, too.
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))


def test_a_connection_is_reused_without_delay(server: SandboxServer) -> None:
    host = server.address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.connect()
    own = connection.sock
    begun = time.perf_counter()
    for _ in range(50):
        connection.request("GET", "/v3/api/account/info")
        connection.getresponse().read()
        assert connection.sock is own
    # With Nagle's algorithm, these requests would take two seconds.
    assert time.perf_counter() - begun < 1
    connection.close()


def test_parallel_requests_are_all_carried_out(server: SandboxServer) -> None:
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda n: post(server, referenceId=f"r{n}"), range(200)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()["ingestId"] for reply in replies}) == 200
    assert len(server.platform.media) == 200


def test_a_slow_answer_does_not_delay_others() -> None:
    with serving(latency=(0.3, 0.3)) as server:
        begun = time.perf_counter()
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda _: post(server), range(10)))
        assert 0.3 <= time.perf_counter() - begun < 1.5


# Faults


@pytest.mark.parametrize(("knob", "done"), [("lost_request", False), ("lost_reply", True)])
def test_a_cut_request_gets_no_answer(knob: str, done: bool) -> None:  # noqa: FBT001
    with serving(**{knob: 1.0}) as server:
        with pytest.raises(requests.ConnectionError):
            post(server)
        assert bool(server.platform.media) is done


def test_a_hanging_request_is_carried_out_and_then_cut() -> None:
    with serving(hang=1.0, hang_seconds=0.3) as server:
        begun = time.perf_counter()
        with pytest.raises(requests.ConnectionError):
            post(server)
        assert time.perf_counter() - begun >= 0.3
        assert len(server.platform.media) == 1


def test_a_client_can_time_out_before_a_hanging_request_ends() -> None:
    with serving(hang=1.0, hang_seconds=60) as server, pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.api_base}/media", auth=ME, timeout=0.2)


def test_a_truncated_answer_is_shorter_than_its_content_length() -> None:
    with serving(truncated=1.0) as server:
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            post(server)
        assert len(server.platform.media) == 1


def test_a_refusal_has_its_headers_and_body() -> None:
    with serving(rate_limit=0.01, burst=1, error_body="html") as server:
        post(server)
        reply = post(server)
        assert (reply.status_code, reply.headers["Retry-After"]) == (429, "100")
        assert reply.headers["Content-Type"].startswith("text/html")
        assert reply.text.startswith("<!DOCTYPE html>")
    with serving(unavailable=1.0, error_body="empty") as server:
        reply = post(server)
        assert (reply.status_code, reply.content) == (503, b"")


# Start and stop


def test_no_request_is_answered_after_stop_not_even_on_an_open_connection() -> None:
    server = serving(**ONLINE)
    server.start()
    with requests.Session() as session:
        session.auth = ME
        assert session.get(f"{server.api_base}/account/info", timeout=5).ok
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(f"{server.api_base}/account/info", timeout=5)


def test_stop_does_not_wait_for_hanging_requests() -> None:
    server = serving(hang=1.0, hang_seconds=60)
    before = set(threading.enumerate())
    server.start()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, server)
        until = time.monotonic() + 5
        while not server.platform.media and time.monotonic() < until:
            time.sleep(0.01)
        begun = time.perf_counter()
        server.stop()
        assert isinstance(waiting.exception(timeout=5), requests.ConnectionError)
        assert time.perf_counter() - begun < 3
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=3)
        assert not thread.is_alive()


def test_stop_can_be_called_without_start_and_twice() -> None:
    server = serving()
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        get(server, "/")


def test_serve_forever_blocks_until_stop() -> None:
    server = serving(**ONLINE)
    threading.Timer(0.2, server.stop).start()
    begun = time.perf_counter()
    server.serve_forever()
    assert 0.1 < time.perf_counter() - begun < 3


def test_a_saved_platform_is_served_by_a_new_server(server: SandboxServer) -> None:
    media = media_of(server)
    server.stop()
    saved = json.loads(json.dumps(server.platform.dump()))
    with SandboxServer(SimulatedPlatform.load(saved)) as again:
        assert get(again, f"/iframe/{media.key}").status_code == 200


# Pages for browsers


def test_the_player_page_has_the_clip_of_the_video(server: SandboxServer) -> None:
    media = media_of(server, filename='<script>alert("1")</script> & co')
    page = get(server, f"/iframe/{media.key}?playerKey=any")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    (source,) = re.findall(r'<source src="([^"]+)" type="video/mp4">', page.text)
    assert "<video controls" in page.text
    assert get(server, source).headers["Content-Type"] == "video/mp4"


def test_pages_allow_only_their_own_content(server: SandboxServer) -> None:
    for path in ("/", "/nothing", f"/iframe/{media_of(server).key}"):
        policy = get(server, path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; media-src 'self'")
        assert "unsafe" not in policy
        # Any page may embed the player, also a file on disk.
        assert "frame-ancestors" not in policy


def test_a_title_that_utf8_cannot_encode_is_shown(server: SandboxServer) -> None:
    media = media_of(server, filename="half \ud800 pair $body")
    page = get(server, f"/iframe/{media.key}")
    assert "half ? pair $body" in page.text
    ET.fromstring(get(server, f"/thumbnails/{media.key}.svg").content)


def test_unknown_and_processing_videos_have_a_page() -> None:
    with serving(processing=(60, 60)) as server:
        media = media_of(server)
        page = get(server, f"/iframe/{media.key}")
        assert (page.status_code, "Processing" in page.text) == (404, True)
        for key in ("unknown", media.id, "%00", "a%2Fb"):
            page = get(server, f"/iframe/{key}")
            assert (page.status_code, "Processing" in page.text) == (404, False)
            assert "<h1>" in page.text


def test_the_page_of_a_failed_video_has_the_reason(server: SandboxServer) -> None:
    media = media_of(server, sourceUrl="https://x.invalid/a.mp4")
    page = get(server, f"/iframe/{media.key}")
    assert page.status_code == 404
    assert "host not found" in page.text


def test_the_first_page_has_the_number_of_videos(server: SandboxServer) -> None:
    media_of(server)
    media_of(server, sourceUrl="https://x.invalid/a.mp4")
    assert "<code>1 Failed, 1 Online</code>" in get(server, "/").text


def test_a_thumbnail_is_an_svg_image(server: SandboxServer) -> None:
    media = media_of(server, filename="A & \x01 <b>")
    reply = get(server, f"/thumbnails/{media.key}.svg")
    assert reply.headers["Content-Type"] == "image/svg+xml"
    assert ET.fromstring(reply.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert get(server, "/thumbnails/unknown.svg").status_code == 404


@pytest.mark.parametrize("number", range(len(CLIP_SECONDS)))
def test_the_duration_of_a_clip_is_that_of_the_media_list(
    server: SandboxServer, number: int
) -> None:
    content = get(server, f"/clips/{number + 1}.mp4").content
    assert content == files("batch_import.sandbox").joinpath(f"clips/{number + 1}.mp4").read_bytes()
    # ISO 14496-12, mvhd version 0: times 4 + 4, then ticks per second and total ticks.
    start = content.index(b"mvhd") + 16
    scale = int.from_bytes(content[start : start + 4], "big")
    ticks = int.from_bytes(content[start + 4 : start + 8], "big")
    assert ticks / scale == pytest.approx(CLIP_SECONDS[number], abs=0.1)
    # Playing can start before the whole file is loaded.
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-", 0, None),
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=100-99999999", 100, None),
        ("bytes=-10", -10, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_a_clip_is_served_in_ranges(
    server: SandboxServer, wanted: str, first: int, last: int | None
) -> None:
    whole = get(server, "/clips/1.mp4").content
    part = get(server, "/clips/1.mp4", Range=wanted)
    assert part.status_code == 206
    assert part.content == whole[first : None if last is None else last + 1]
    start = first % len(whole)
    end = len(whole) - 1 if last is None else last
    assert part.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(server: SandboxServer, wanted: str) -> None:
    reply = get(server, "/clips/1.mp4", Range=wanted)
    assert reply.status_code == 416
    assert re.fullmatch(r"bytes \*/\d+", reply.headers["Content-Range"])


@pytest.mark.parametrize("wanted", ["bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "x"])
def test_an_invalid_range_returns_the_whole_clip(server: SandboxServer, wanted: str) -> None:
    reply = get(server, "/clips/1.mp4", Range=wanted)
    assert (reply.status_code, len(reply.content)) == (
        200,
        len(get(server, "/clips/1.mp4").content),
    )


def test_head_returns_the_headers_without_the_body(server: SandboxServer) -> None:
    for path in ("/", "/clips/1.mp4", "/v3/api/account/info", "/nothing"):
        full = requests.get(server.address + path, auth=ME, timeout=5)
        head = requests.head(server.address + path, auth=ME, timeout=5)
        assert (head.status_code, head.content) == (full.status_code, b"")
        if path != "/":  # This page shows the number of requests, so its length may change.
            assert head.headers["Content-Length"] == full.headers["Content-Length"]


# Invalid requests


@pytest.mark.parametrize(
    "path",
    [
        "/clips/../server.py",
        "/clips/..%2Fserver.py",
        "/clips/%2e%2e/server.py",
        "/clips/README.md",
        "//etc/passwd",
        "/iframe/" + "x" * 5000,
        "/%ff%fe",
        "/v3/api/../../clips",
        "/v3/api/media/%00/detail",
    ],
)
def test_an_invalid_path_is_not_found(server: SandboxServer, path: str) -> None:
    auth = b"Authorization: Basic VkMtbWU6c2VjcmV0\r\nConnection: close\r\n\r\n"
    reply = send_bytes(server, f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode() + auth)
    assert reply.split()[1] == b"404"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /v3/api/media/new HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /v3/api/media/new HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /v3/api/media/new HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b"413"),
        (b"POST /v3/api/media/new HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET http://[bad HTTP/1.1\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.1\r\n\r\n", b"405"),
        (b"BREW / HTTP/1.1\r\n\r\n", b"501"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"\x16\x03\x01\x02\x00 \x01 \x00\r\n\r\n", b"400"),
    ],
)
def test_an_invalid_request_is_refused_without_output(
    server: SandboxServer, capfd: pytest.CaptureFixture[str], sent: bytes, status: bytes
) -> None:
    first_line = send_bytes(server, sent).partition(b"\r\n")[0]
    assert status in first_line or b"Error code: " + status in send_bytes(server, sent)
    assert post(server).status_code == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"null", b'{"sourceUrl": NaN}']
)
def test_a_body_that_is_no_json_object_gets_a_400(
    server: SandboxServer, capfd: pytest.CaptureFixture[str], body: bytes
) -> None:
    reply = requests.post(f"{server.api_base}/media/new", data=body, auth=ME, timeout=5)
    assert reply.status_code == 400
    assert reply.json()["message"]
    assert capfd.readouterr() == ("", "")


def test_a_client_that_disconnects_causes_no_output(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with serving(latency=(0.1, 0.1)) as server:
        port = int(server.address.rpartition(":")[2])
        for sent in (
            b"",
            b"GET / HT",
            b"POST /v3/api/media/new HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                # RST instead of FIN: the connection of a killed process.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.sendall(sent)
        assert post(server).status_code == 200
    assert capfd.readouterr() == ("", "")


def test_a_client_that_expects_100_continue_is_answered_at_once(server: SandboxServer) -> None:
    port = int(server.address.rpartition(":")[2])
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
