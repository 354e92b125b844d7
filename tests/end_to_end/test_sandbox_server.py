"""The stand-in over real sockets: the API, its faults, the player pages, and garbage."""

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
def there() -> Iterator[SandboxServer]:
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


def raw(server: SandboxServer, sent: bytes) -> bytes:
    """Send bytes as they are; return all that comes until the other end closes."""
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


# The API.


def test_a_video_is_created_followed_and_found(there: SandboxServer) -> None:
    ingest_id = post(there, referenceId="réf/1 &").json()["ingestId"]
    base, session = there.api_base, requests.Session()
    session.auth = ME
    with session:
        status = session.get(f"{base}/media/new/status/{ingest_id}", timeout=5)
        assert status.json() == {"status": "Online"}
        found = session.get(f"{base}/media", params={"referenceId": "réf/1 &"}, timeout=5)
    (item,) = found.json()["listResult"]["items"]
    assert item["referenceId"] == "réf/1 &"
    assert item["thumbnail"].startswith(there.address)
    assert found.headers["Content-Type"].startswith("application/json")


def test_credentials_are_asked_for(there: SandboxServer) -> None:
    reply = get(there, "/v3/api/account/info")
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic")
    for header in ("Basic !!!", "Basic /w==", "Basic", "Bearer abc", "Basic VkMtbWU="):
        assert get(there, "/v3/api/account/info", Authorization=header).status_code == 401


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_it_listens_on_this_computer_alone(there: SandboxServer) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", there.address)
    port = int(there.address.rpartition(":")[2])
    # Were it listening on every address, this one would be taken too.
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))


def test_a_connection_is_kept_and_answers_come_at_once(there: SandboxServer) -> None:
    host = there.address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.connect()
    own = connection.sock
    begun = time.perf_counter()
    for _ in range(50):
        connection.request("GET", "/v3/api/account/info")
        connection.getresponse().read()
        assert connection.sock is own
    # With Nagle's algorithm in the way these would take two seconds.
    assert time.perf_counter() - begun < 1
    connection.close()


def test_many_callers_at_once_lose_nothing(there: SandboxServer) -> None:
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda n: post(there, referenceId=f"r{n}"), range(200)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()["ingestId"] for reply in replies}) == 200
    assert len(there.platform.media) == 200


def test_a_slow_answer_does_not_hold_the_others_up() -> None:
    with serving(latency=(0.3, 0.3)) as there:
        begun = time.perf_counter()
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda _: post(there), range(10)))
        assert 0.3 <= time.perf_counter() - begun < 1.5


# Faults.


@pytest.mark.parametrize(("knob", "done"), [("lost_request", False), ("lost_reply", True)])
def test_a_cut_call_gets_no_answer(knob: str, done: bool) -> None:  # noqa: FBT001
    with serving(**{knob: 1.0}) as there:
        with pytest.raises(requests.ConnectionError):
            post(there)
        assert bool(there.platform.media) is done


def test_a_hanging_call_is_carried_out_and_cut_in_the_end() -> None:
    with serving(hang=1.0, hang_seconds=0.3) as there:
        begun = time.perf_counter()
        with pytest.raises(requests.ConnectionError):
            post(there)
        assert time.perf_counter() - begun >= 0.3
        assert len(there.platform.media) == 1


def test_a_caller_may_give_up_before_a_hanging_call_ends() -> None:
    with serving(hang=1.0, hang_seconds=60) as there, pytest.raises(requests.ReadTimeout):
        requests.get(f"{there.api_base}/media", auth=ME, timeout=0.2)


def test_a_truncated_answer_promises_more_than_comes() -> None:
    with serving(truncated=1.0) as there:
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            post(there)
        assert len(there.platform.media) == 1


def test_a_refusal_has_its_headers_and_body() -> None:
    with serving(rate_limit=0.01, burst=1, error_body="html") as there:
        post(there)
        reply = post(there)
        assert (reply.status_code, reply.headers["Retry-After"]) == (429, "100")
        assert reply.headers["Content-Type"].startswith("text/html")
        assert reply.text.startswith("<!DOCTYPE html>")
    with serving(unavailable=1.0, error_body="empty") as there:
        reply = post(there)
        assert (reply.status_code, reply.content) == (503, b"")


# Start and stop.


def test_after_stop_nobody_is_answered_not_even_on_an_open_connection() -> None:
    there = serving(**ONLINE)
    there.start()
    with requests.Session() as session:
        session.auth = ME
        assert session.get(f"{there.api_base}/account/info", timeout=5).ok
        there.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(f"{there.api_base}/account/info", timeout=5)


def test_stop_does_not_wait_for_hanging_calls() -> None:
    there = serving(hang=1.0, hang_seconds=60)
    before = set(threading.enumerate())
    there.start()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, there)
        until = time.monotonic() + 5
        while not there.platform.media and time.monotonic() < until:
            time.sleep(0.01)
        begun = time.perf_counter()
        there.stop()
        assert isinstance(waiting.exception(timeout=5), requests.ConnectionError)
        assert time.perf_counter() - begun < 3
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=3)
        assert not thread.is_alive()


def test_stop_is_safe_without_start_and_twice() -> None:
    there = serving()
    there.stop()
    there.stop()
    with pytest.raises(requests.ConnectionError):
        get(there, "/")


def test_it_serves_in_the_caller_s_thread_until_stopped() -> None:
    there = serving(**ONLINE)
    threading.Timer(0.2, there.stop).start()
    begun = time.perf_counter()
    there.serve_forever()
    assert 0.1 < time.perf_counter() - begun < 3


def test_videos_are_kept_from_one_server_to_the_next(there: SandboxServer) -> None:
    media = media_of(there)
    there.stop()
    saved = json.loads(json.dumps(there.platform.dump()))
    with SandboxServer(SimulatedPlatform.load(saved)) as again:
        assert get(again, f"/iframe/{media.key}").status_code == 200


# What a browser sees.


def test_the_player_plays_the_clip_of_the_video(there: SandboxServer) -> None:
    media = media_of(there, filename='<script>alert("1")</script> & co')
    page = get(there, f"/iframe/{media.key}?playerKey=any")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    (source,) = re.findall(r'<source src="([^"]+)" type="video/mp4">', page.text)
    assert "<video controls" in page.text
    assert get(there, source).headers["Content-Type"] == "video/mp4"


def test_pages_allow_nothing_but_themselves(there: SandboxServer) -> None:
    for path in ("/", "/nothing", f"/iframe/{media_of(there).key}"):
        policy = get(there, path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; media-src 'self'")
        assert "unsafe" not in policy
        # Any page, a file on disk too, may embed the player.
        assert "frame-ancestors" not in policy


def test_a_title_that_utf8_cannot_write_is_shown_all_the_same(there: SandboxServer) -> None:
    media = media_of(there, filename="half \ud800 pair $body")
    page = get(there, f"/iframe/{media.key}")
    assert "half ? pair $body" in page.text
    ET.fromstring(get(there, f"/thumbnails/{media.key}.svg").content)


def test_unknown_and_unfinished_videos_have_pages_that_say_so() -> None:
    with serving(processing=(60, 60)) as there:
        media = media_of(there)
        page = get(there, f"/iframe/{media.key}")
        assert (page.status_code, "Processing" in page.text) == (404, True)
        for key in ("unknown", media.id, "%00", "a%2Fb"):
            page = get(there, f"/iframe/{key}")
            assert (page.status_code, "Processing" in page.text) == (404, False)
            assert "<h1>" in page.text


def test_a_failed_video_says_why(there: SandboxServer) -> None:
    media = media_of(there, sourceUrl="https://x.invalid/a.mp4")
    page = get(there, f"/iframe/{media.key}")
    assert page.status_code == 404
    assert "host not found" in page.text


def test_the_first_page_counts_the_videos(there: SandboxServer) -> None:
    media_of(there)
    media_of(there, sourceUrl="https://x.invalid/a.mp4")
    assert "<code>1 Failed, 1 Online</code>" in get(there, "/").text


def test_a_thumbnail_is_a_drawing(there: SandboxServer) -> None:
    media = media_of(there, filename="A & \x01 <b>")
    reply = get(there, f"/thumbnails/{media.key}.svg")
    assert reply.headers["Content-Type"] == "image/svg+xml"
    assert ET.fromstring(reply.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert get(there, "/thumbnails/unknown.svg").status_code == 404


@pytest.mark.parametrize("number", range(len(CLIP_SECONDS)))
def test_a_clip_is_as_long_as_listings_say(there: SandboxServer, number: int) -> None:
    content = get(there, f"/clips/{number + 1}.mp4").content
    assert content == files("batch_import.sandbox").joinpath(f"clips/{number + 1}.mp4").read_bytes()
    # ISO 14496-12, mvhd version 0: times 4 + 4, then ticks a second and ticks in all.
    start = content.index(b"mvhd") + 16
    scale = int.from_bytes(content[start : start + 4], "big")
    ticks = int.from_bytes(content[start + 4 : start + 8], "big")
    assert ticks / scale == pytest.approx(CLIP_SECONDS[number], abs=0.1)
    # Playing starts before the whole file is there.
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
def test_a_clip_comes_in_ranges(
    there: SandboxServer, wanted: str, first: int, last: int | None
) -> None:
    whole = get(there, "/clips/1.mp4").content
    part = get(there, "/clips/1.mp4", Range=wanted)
    assert part.status_code == 206
    assert part.content == whole[first : None if last is None else last + 1]
    start = first % len(whole)
    end = len(whole) - 1 if last is None else last
    assert part.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(there: SandboxServer, wanted: str) -> None:
    reply = get(there, "/clips/1.mp4", Range=wanted)
    assert reply.status_code == 416
    assert re.fullmatch(r"bytes \*/\d+", reply.headers["Content-Range"])


@pytest.mark.parametrize("wanted", ["bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "x"])
def test_a_range_that_cannot_be_read_brings_the_whole(there: SandboxServer, wanted: str) -> None:
    reply = get(there, "/clips/1.mp4", Range=wanted)
    assert (reply.status_code, len(reply.content)) == (
        200,
        len(get(there, "/clips/1.mp4").content),
    )


def test_head_tells_the_same_without_the_body(there: SandboxServer) -> None:
    for path in ("/", "/clips/1.mp4", "/v3/api/account/info", "/nothing"):
        full = requests.get(there.address + path, auth=ME, timeout=5)
        head = requests.head(there.address + path, auth=ME, timeout=5)
        assert (head.status_code, head.content) == (full.status_code, b"")
        if path != "/":  # It counts the calls, so its length may change.
            assert head.headers["Content-Length"] == full.headers["Content-Length"]


# Garbage.


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
def test_an_address_that_is_none_is_not_found(there: SandboxServer, path: str) -> None:
    auth = b"Authorization: Basic VkMtbWU6c2VjcmV0\r\nConnection: close\r\n\r\n"
    reply = raw(there, f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode() + auth)
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
def test_garbage_is_refused_in_silence(
    there: SandboxServer, capfd: pytest.CaptureFixture[str], sent: bytes, status: bytes
) -> None:
    first_line = raw(there, sent).partition(b"\r\n")[0]
    assert status in first_line or b"Error code: " + status in raw(there, sent)
    assert post(there).status_code == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"null", b'{"sourceUrl": NaN}']
)
def test_a_body_that_is_no_json_object_gets_a_400(
    there: SandboxServer, capfd: pytest.CaptureFixture[str], body: bytes
) -> None:
    reply = requests.post(f"{there.api_base}/media/new", data=body, auth=ME, timeout=5)
    assert reply.status_code == 400
    assert reply.json()["message"]
    assert capfd.readouterr() == ("", "")


def test_a_client_that_leaves_in_the_middle_is_no_news(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with serving(latency=(0.1, 0.1)) as there:
        port = int(there.address.rpartition(":")[2])
        for sent in (
            b"",
            b"GET / HT",
            b"POST /v3/api/media/new HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                # RST instead of a polite end: what a killed process leaves behind.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.sendall(sent)
        assert post(there).status_code == 200
    assert capfd.readouterr() == ("", "")


def test_who_asks_before_sending_a_body_is_let_in_at_once(there: SandboxServer) -> None:
    port = int(there.address.rpartition(":")[2])
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
