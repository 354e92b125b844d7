"""No secret of a URL, and no credentials, are in any output of the program."""

import base64
import csv
import json
import os
import stat
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from encodings_of_texts import ENCODINGS, decoded, encoded
from signed_addresses import SCHEMES, Signed, sign

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "500", "--poll-interval", "0.2")
#: Places of a URL in the manifest.
PLACES = ("sourceUrl", "filename", "note", "sourceUrl of an invalid row")
#: Files that may contain complete signed URLs; only their owner may read them.
PRIVATE = {"failed.csv", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm"}


#: The credentials that `command_in` uses.
CREDENTIALS = ACCESS_KEY, API_KEY = "VC-test", "a-key-that-must-not-be-seen"


class JobOutput(NamedTuple):
    """Everything that the commands of a job printed and wrote, and the folder of the job."""

    texts: dict[str, str]
    folder: Path


def signed(scheme: str, place: str) -> Signed:
    number = 100 * PLACES.index(place) + SCHEMES.index(scheme)
    return sign(scheme, number, f"video-{number}")


@pytest.fixture(scope="module")
def job_output(tmp_path_factory: pytest.TempPathFactory, command_in: Callable) -> JobOutput:
    folder = tmp_path_factory.mktemp("secrets")
    with (folder / "m.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sourceUrl", "filename", "extension", "referenceId", "note"])
        for at, scheme in enumerate(SCHEMES):
            urls = [signed(scheme, place).url for place in PLACES]
            plain = f"https://h.example.com/{at}.mp4"
            writer.writerow([urls[0], f"A {at}", "mp4", f"a-{at}", ""])
            writer.writerow([plain, f"see {urls[1]}, please", "mp4", f"b-{at}", urls[2]])
            writer.writerow([urls[3], "", "mp4", f"c-{at}", ""])
    knobs = Knobs.from_mapping({"processing": (0.1, 0.2), "failing": 0.3, "rejecting": 0.2})
    texts = {}
    with SandboxServer(SimulatedPlatform(knobs, 7, time.time(), *CREDENTIALS)) as server:
        run = command_in(folder, server.api_base)
        for words in (
            ("check", "m.csv"),
            ("check", "m.csv", "--json"),
            ("plan", "m.csv"),
            ("run", "m.csv", *FAST, "--verbose"),
            ("retry", "m.csv", *FAST),
            ("status", "m.csv"),
            ("status", "m.csv", "--json"),
            ("status", "m.csv", "a-1", "--json"),
            ("verify", "m.csv"),
            ("report", "m.csv"),
        ):
            done = run(*words, code=None)
            texts[" ".join(words)] = done.stdout + done.stderr
    job = folder / "output/m"
    for path in job.iterdir():
        if path.name not in PRIVATE:
            texts[path.name] = content(path)
    return JobOutput(texts, job)


def content(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return path.read_text("utf-8", "replace")
    with zipfile.ZipFile(path) as parts:
        return "\n".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_secret_of_a_url_is_in_any_output(
    job_output: JobOutput, scheme: str, place: str
) -> None:
    address = signed(scheme, place)
    assert address.secrets
    for secret in address.secrets:
        assert [name for name, text in job_output.texts.items() if secret in text] == []


def test_all_outputs_were_written(job_output: JobOutput) -> None:
    written = {"results.csv", "results.xlsx", "results.html", "problems.csv", "verify.csv"}
    assert written | {"calls.jsonl"} <= job_output.texts.keys()
    assert all("a-1" in job_output.texts[name] for name in written - {"problems.csv"})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_files_with_signed_urls_are_readable_only_by_their_owner(job_output: JobOutput) -> None:
    failed = (job_output.folder / "failed.csv").read_text("utf-8-sig")
    place = "sourceUrl of an invalid row"
    assert all(signed(scheme, place).url.split("?")[0] in failed for scheme in SCHEMES)
    for path in job_output.folder.iterdir():
        if path.name in PRIVATE:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    mask = os.umask(0o22)
    os.umask(mask)
    assert stat.S_IMODE(job_output.folder.stat().st_mode) == 0o777 & ~mask


class EchoHandler(BaseHTTPRequestHandler):
    """A platform that echoes the credentials, also where messages are truncated."""

    def do_GET(self) -> None:
        header = self.headers["Authorization"]
        words = {"cut": f"{'x' * 285} {API_KEY}", "header": header, "plain": f"bad {API_KEY}"}
        words["base64"] = base64.b64encode(API_KEY.encode()).decode()
        words["key"] = f"for {ACCESS_KEY}"
        body = json.dumps({"message": words[self.path.split("/")[1]]}).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("shape", ["cut", "header", "plain", "base64", "key"])
def test_credentials_that_the_platform_echoes_are_replaced(
    tmp_path: Path, command_in: Callable, shape: str
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EchoHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        api_base = f"http://127.0.0.1:{server.server_port}/{shape}/api"
        (tmp_path / "v.csv").write_text("url,title\nhttps://h.example.com/1.mp4,One\n", "utf-8")
        done = command_in(tmp_path, api_base)("run", "v.csv", "--verbose", code=3)
    finally:
        server.shutdown()
        server.server_close()
    log = (tmp_path / "output/v/calls.jsonl").read_text("utf-8")
    reported = done.stdout + done.stderr + log
    basic = base64.b64encode(f"{ACCESS_KEY}:{API_KEY}".encode()).decode()
    encoded = base64.b64encode(API_KEY.encode()).decode()
    for secret in (API_KEY[:12], ACCESS_KEY, basic, encoded[:12]):
        assert secret not in reported


#: A usual API key: in base64, with characters that encodings replace.
BASE64_KEY = "Ab3+dE/9xQ7tLm+42kR=="
SIGNATURE = "c6486c479e84c94efce4bea7169ef7d4"
#: Encodings of the secrets in the error messages of the platform, one message per row.
ECHOED = [[first, second] for first in ("percent", "HTML", "JSON") for second in ENCODINGS]


class RejectingHandler(BaseHTTPRequestHandler):
    """A platform that rejects every row, with the secrets of the request in the message.

    The message is in a JSON object, in a page and in plain text, in turn.
    """

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith("/account/info"):
            self._answer(200, json.dumps({"id": "1", "title": encoded(BASE64_KEY, ["HTML"])}))
        else:
            self._answer(200, json.dumps({"listResult": {"items": [], "totalItems": 0}}))

    def do_POST(self) -> None:
        media = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = int(media["referenceId"])
        header = self.headers["Authorization"].removeprefix("Basic ")
        secrets = [
            encoded(text, ECHOED[number]) for text in (BASE64_KEY, header, media["sourceUrl"])
        ]
        message = f"bad: {' | '.join(secrets)}"
        page = f"<html><title>{message}</title></html>"
        self._answer(400, (json.dumps({"message": message}), page, message)[number % 3])

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", encoded(BASE64_KEY, ["HTML, decimal", "percent"]))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_encoded_secrets_in_messages_of_the_platform_are_in_no_output(
    tmp_path: Path, command_in: Callable
) -> None:
    with (tmp_path / "v.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sourceUrl", "filename", "extension", "referenceId"])
        for number in range(len(ECHOED)):
            url = f"https://h.example.com/{number}.mp4?X-Amz-Signature={SIGNATURE}"
            writer.writerow([url, f"Video {number}", "mp4", str(number)])
    server = ThreadingHTTPServer(("127.0.0.1", 0), RejectingHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        run = command_in(tmp_path, f"http://127.0.0.1:{server.server_port}/api")
        run.environ["VIOSTREAM_API_KEY"] = BASE64_KEY
        texts = [
            done.stdout + done.stderr
            for done in (
                run("run", "v.csv", *FAST, "--verbose", code=None),
                run("status", "v.csv", code=None),
                run("status", "v.csv", "4", "--json", code=None),
            )
        ]
    finally:
        server.shutdown()
        server.server_close()
    assert "bad: ***" in texts[0]
    paths = [path for path in (tmp_path / "output/v").iterdir() if path.is_file()]
    keys = {BASE64_KEY[:8], base64.b64encode(f"{ACCESS_KEY}:{BASE64_KEY}".encode()).decode()[:-2]}
    texts += map(content, paths)
    for text in texts:
        for key in keys:
            assert key not in text
    # The complete URL of a row is only in the files that need it.
    for path in paths:
        if path.name not in PRIVATE:
            assert SIGNATURE not in content(path)
    with (tmp_path / "output/v/results.csv").open(encoding="utf-8-sig", newline="") as file:
        errors = [row["error"] for row in csv.DictReader(file)]
    assert len(errors) == len(ECHOED)
    for error in errors:
        assert "bad: ***" in error
        for text in decoded(error):
            assert not any(secret in text for secret in (*keys, SIGNATURE))
